from django.db.transaction import non_atomic_requests
from django.urls import path

from sales.api import (
    batch,
    cash,
    credit,
    customers,
    items,
    me,
    readings,
    refunds,
    review,
    sales,
    shifts,
    tills,
)

urlpatterns = [
    path("me", me.MeView.as_view(), name="api_me"),
    path("items", items.ItemsView.as_view(), name="api_items"),
    path("items/lookup", items.ItemLookupView.as_view(), name="api_item_lookup"),
    path("customers", customers.CustomersView.as_view(), name="api_customers"),
    path("customers/<uuid:customer_id>", customers.CustomerView.as_view(), name="api_customer"),
    path(
        "customers/<uuid:customer_id>/totals",
        customers.CustomerTotalsView.as_view(),
        name="api_customer_totals",
    ),
    path(
        "customers/<uuid:customer_id>/credit",
        credit.CustomerCreditView.as_view(),
        name="api_customer_credit",
    ),
    path(
        "customers/<uuid:customer_id>/credit/grants",
        credit.CreditGrantsView.as_view(),
        name="api_credit_grants",
    ),
    path(
        "customers/<uuid:customer_id>/credit/corrections",
        credit.CreditCorrectionsView.as_view(),
        name="api_credit_corrections",
    ),
    path("shifts", shifts.ShiftsView.as_view(), name="api_shifts"),
    path("shifts/<uuid:shift_id>", shifts.ShiftView.as_view(), name="api_shift"),
    path("shifts/<uuid:shift_id>/close", shifts.ShiftCloseView.as_view(), name="api_shift_close"),
    path(
        "shifts/<uuid:shift_id>/cash-movements",
        cash.CashMovementsView.as_view(),
        name="api_cash_movements",
    ),
    path(
        "cash-movements/<uuid:movement_id>/correct",
        cash.CashCorrectionView.as_view(),
        name="api_cash_correct",
    ),
    path(
        "shifts/<uuid:shift_id>/reading",
        readings.ShiftReadingView.as_view(),
        name="api_shift_reading",
    ),
    path("z-readings", readings.ZReadingsView.as_view(), name="api_z_readings"),
    path("z-readings/<uuid:reading_id>", readings.ZReadingView.as_view(), name="api_z_reading"),
    path("day", readings.DayView.as_view(), name="api_day"),
    path("registers", tills.RegistersView.as_view(), name="api_registers"),
    path("registers/<uuid:register_id>", tills.RegisterView.as_view(), name="api_register"),
    path("sales", sales.SalesView.as_view(), name="api_sales"),
    path("sales/batch", non_atomic_requests(batch.BatchView.as_view()), name="api_sale_batch"),
    path("review", review.ReviewsView.as_view(), name="api_reviews"),
    path("review/<uuid:review_id>", review.ReviewView.as_view(), name="api_review"),
    path(
        "review/<uuid:review_id>/settle",
        review.ReviewSettleView.as_view(),
        name="api_review_settle",
    ),
    path("series", batch.SeriesView.as_view(), name="api_series"),
    path("sales/<uuid:sale_id>", sales.SaleView.as_view(), name="api_sale"),
    path("sales/<uuid:sale_id>/void", sales.SaleVoidView.as_view(), name="api_sale_void"),
    path("sales/<uuid:sale_id>/refunds", refunds.RefundsView.as_view(), name="api_sale_refund"),
    path(
        "sales/<uuid:sale_id>/refunds/quote",
        refunds.RefundQuoteView.as_view(),
        name="api_sale_refund_quote",
    ),
    path("sales/<uuid:sale_id>/exchanges", refunds.ExchangesView.as_view(), name="api_exchange"),
    path(
        "sales/<uuid:sale_id>/exchanges/quote",
        refunds.ExchangeQuoteView.as_view(),
        name="api_exchange_quote",
    ),
    path("sales/<uuid:sale_id>/receipt", sales.ReceiptView.as_view(), name="api_receipt"),
]

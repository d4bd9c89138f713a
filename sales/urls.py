"""Pages of selling. The till's own addresses and the devices' stand with them."""

from django.urls import URLPattern, URLResolver, include, path

from sales.views import credit, customers, refunds, registers, review, sales, shifts, till

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("sales.device_urls")),
    path("till/", till.till, name="till"),
    path("till/worker.js", till.till_worker, name="till_worker"),
    path("sales/", sales.sale_list, name="sale_list"),
    path("sales/<uuid:pk>/", sales.sale_detail, name="sale_detail"),
    path("sales/<uuid:pk>/void/", sales.sale_void, name="sale_void"),
    path("sales/<uuid:pk>/refund/", refunds.refund_desk, name="refund_desk"),
    path("sales/<uuid:pk>/refund/quote/", refunds.refund_quote, name="refund_quote"),
    path("sales/<uuid:pk>/receipt/", sales.receipt, name="receipt"),
    path("review/", review.review_list, name="review_list"),
    path("review/<uuid:pk>/", review.review_detail, name="review_detail"),
    path("review/<uuid:pk>/settle/", review.review_settle, name="review_settle"),
    path("shifts/", shifts.shift_list, name="shift_list"),
    path("shifts/open/", shifts.shift_open, name="shift_open"),
    path("shifts/<uuid:pk>/", shifts.shift_detail, name="shift_detail"),
    path("shifts/<uuid:pk>/close/", shifts.shift_close, name="shift_close"),
    path("registers/", registers.register_list, name="register_list"),
    path("registers/new/", registers.register_create, name="register_create"),
    path("registers/<uuid:pk>/", registers.register_edit, name="register_edit"),
    path("customers/", customers.customer_list, name="customer_list"),
    path("customers/new/", customers.customer_create, name="customer_create"),
    path("customers/<uuid:pk>/", customers.customer_detail, name="customer_detail"),
    path("customers/<uuid:pk>/edit/", customers.customer_edit, name="customer_edit"),
    path("customers/<uuid:pk>/credit/", credit.customer_credit, name="customer_credit"),
    path("customers/<uuid:pk>/credit/give/", credit.credit_grant, name="credit_grant"),
    path("customers/<uuid:pk>/credit/correct/", credit.credit_correct, name="credit_correct"),
]

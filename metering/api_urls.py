from django.urls import path

from metering import api

urlpatterns = [
    path("credits/balance", api.BalanceView.as_view(), name="api_credits"),
    path("credits/transactions", api.EntriesView.as_view(), name="api_credit_transactions"),
]

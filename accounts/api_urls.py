"""The API around who stands at a device."""

from django.urls import path

from accounts.api import operators, token

urlpatterns = [
    path("operators", operators.OperatorsView.as_view(), name="api_operators"),
    path("operators/sign-in", operators.SignInView.as_view(), name="api_operator_sign_in"),
    path("operators/sign-out", operators.SignOutView.as_view(), name="api_operator_sign_out"),
    path("approvals", operators.ApprovalsView.as_view(), name="api_approvals"),
    path("token/roll", token.RollView.as_view(), name="api_token_roll"),
]

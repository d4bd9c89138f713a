"""Addresses outside any business: signing in and out, passwords, the choice of a business."""

from django.urls import path

from accounts.views import passwords, sign_in

urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("businesses/", sign_in.business_list, name="business_list"),
    path("password/", passwords.password_change, name="password_change"),
    path("password/reset/", passwords.password_reset, name="password_reset"),
    path("password/reset/sent/", passwords.password_reset_done, name="password_reset_done"),
    path("password/reset/done/", passwords.password_reset_complete, name="password_reset_complete"),
    path(
        "password/reset/<str:uid>/<str:token>/",
        passwords.password_reset_confirm,
        name="password_reset_confirm",
    ),
]

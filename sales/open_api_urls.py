"""The API for terminals that are nobody yet: outside of any business."""

from django.urls import path

from accounts.access import public
from sales.api.pairing import PairView

urlpatterns = [path("api/v1/pair", public(PairView.as_view()), name="api_pair")]

"""Finding customers, whose phone numbers and e-mail addresses are encrypted."""

from __future__ import annotations

from django.db.models import Q

from sales.models.customer import phone_digits
from tenants.encryption import blind_index

FEWEST_DIGITS = 5


def customer_matches(text: str) -> Q:
    """Customers whose name contains `text`, or whose whole phone number or e-mail it is."""
    found = Q(name__icontains=text)
    if "@" in text:
        found |= Q(email_index=blind_index(text, "customer-email"))
    digits = phone_digits(text)
    if len(digits) >= FEWEST_DIGITS:
        found |= Q(phone_index=blind_index(digits, "customer-phone"))
    return found

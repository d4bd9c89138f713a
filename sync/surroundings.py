"""What a till needs to know beside its lists: the business, its own place, and what its person may."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sales.api.registers import usable_registers
from sales.api.shapes import business_shape
from sales.models import Payment
from sync.scope import Scope


def settings_of(request: Any, scope: Scope) -> dict[str, Any]:
    """Everything about the request's place and rights; one statement."""
    business, device, location = request.business, request.device, scope.location
    registers = usable_registers(request).filter(location=location, is_active=True)
    return {
        "business": {
            **business_shape(business),
            "prices_include_tax": business.prices_include_tax,
        },
        "location": {
            "id": str(location.pk),
            "code": location.code,
            "name": location.name,
            "address": location.address,
            "phone": location.phone,
            "time_zone": location.own_time_zone or business.time_zone,
            "receipt_header": location.receipt_header,
            "receipt_footer": location.receipt_footer,
            "below_zero": location.below_zero,
            "is_active": location.is_active,
        },
        "registers": [
            {"id": str(one.pk), "name": one.name, "prefix": one.prefix}
            for one in registers.order_by("name", "pk")
        ],
        "payment_methods": list(Payment.Method.values),
        "device": None if device is None else {"id": str(device.pk), "name": device.name},
        "person": {"name": str(request.user)},
        "permissions": sorted(request.membership.granted),
        "kinds": [kind.name for kind in scope.kinds],
    }


def fingerprint(settings: dict[str, Any]) -> str:
    text = json.dumps(settings, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

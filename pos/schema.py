"""The API's description: how one authenticates, and the one shape of errors."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularAPIView


class DeviceToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.BoundAuthentication"
    name = "device_token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of a device: `Authorization: Bearer tb_…`.",
        }


def describe_errors(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Give every operation the errors that every operation has."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = {
        "type": "object",
        "description": "`code` is for programs, `message` for a person; `fields` maps a field's "
        "path, such as `lines.0.quantity`, to sentences or to a value.",
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "fields": {"type": "object", "additionalProperties": {}},
        },
        "required": ["code", "message", "fields"],
    }
    answer = {
        "description": "Refused",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"]["4XX"] = answer
    return result


class Schema(SpectacularAPIView):
    """Public: it tells nothing of any business."""

    urlconf = "pos.described_urls"

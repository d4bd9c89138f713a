"""The API's description: what `extend_schema` says of an operation, and what follows for each.

For every operation: a summary (the first sentence of its docstring), the permission it needs
(`x-permission`, any one of them), the headers that go with it, every status and code that it can
refuse with (`pos/api_errors.py`), and examples (`pos/api_examples.py`).
"""

from __future__ import annotations

import re
from functools import cache
from threading import Lock
from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from accounts.approvals import APPROVABLE
from accounts.approvals import HEADER as APPROVAL_HEADER
from accounts.device_door import OPERATOR_HEADER, VERSION_HEADER
from accounts.permissions import Permission
from pos import api_errors, api_examples
from pos.schema_later import Later

ERROR = {"$ref": "#/components/schemas/Error"}
JSON = "application/json"
TEXT: dict[str, Any] = {"type": "string"}
_END = re.compile(r"(?<=[.!?])\s")


class DeviceToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.BoundAuthentication"
    name = "device_token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of a terminal or the key of a program: "
            "`Authorization: Bearer tb_…`. What needs a permission also needs somebody who signed "
            f"in there (`{OPERATOR_HEADER}`), unless the token is in the name of one person.",
        }


class Described(AutoSchema):
    """What every operation has, from its view."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        is_public = not operation.get("security")
        needed = permissions_of(self.view, self.method)
        text = re.sub(r"[ \t]*\n(?!\n)[ \t]*", " ", operation.get("description", "").strip())
        text = re.sub(r"\n\s*\n?", "\n\n", re.sub(r"\n\n+", "\x00", text)).replace("\x00", "\n\n")
        operation.setdefault("summary", _title(text))
        operation["description"] = f"{text}\n\n{_needed(needed, is_public=is_public)}"
        operation["x-permission"] = [one.value for one in needed]
        if not is_public:
            _add_parameters(operation, approvable=any(one in APPROVABLE for one in needed))
        _add_refusals(operation, is_public=is_public, needs=bool(needed))
        _add_headers(operation)
        api_examples.add(operation)
        return operation


# All descriptions derive from it, made while the views were imported: now they can describe.
Later.__bases__ = (Described,)


class Generator(SchemaGenerator):
    """Who describes the API comes by here, and has loaded by then what that takes."""


def permissions_of(view: Any, verb: str) -> tuple[Permission, ...]:
    """Any of which lets in, of an API view."""
    needed = view.needs[verb]
    return needed if isinstance(needed, tuple) else (needed,)


def _title(text: str) -> str:
    """The first sentence, without what it answers and without its full stop."""
    return re.sub(r": 201\.$|\.$", "", _END.split(text, maxsplit=1)[0].strip())


def _needed(permissions: tuple[Permission, ...], *, is_public: bool) -> str:
    if is_public:
        return "**Permission**: none, and no token."
    if not permissions:
        return "**Permission**: none beside a token."
    return "**Permission**: " + " or ".join(f"`{one}` ({one.label})" for one in permissions) + "."


def _header(name: str, text: str) -> dict[str, Any]:
    return {"in": "header", "name": name, "schema": dict(TEXT), "description": text}


def _add_parameters(operation: dict[str, Any], *, approvable: bool) -> None:
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    known = {one["name"] for one in parameters}
    wanted = [_header(OPERATOR_HEADER, "Who stands at the terminal: `tbo_…` of signing in.")]
    if approvable:
        wanted.append(_header(APPROVAL_HEADER, "A supervisor's approval of this one request."))
    wanted.append(_header(VERSION_HEADER, "What runs on the device, for the Devices page."))
    if "304" in operation["responses"]:
        wanted.append(_header("If-None-Match", "The `ETag` of the answer that you have."))
    parameters += [one for one in wanted if one["name"] not in known]
    for one in parameters:
        name = one["name"].removesuffix("_id").replace("_", " ")
        if one["in"] == "path":
            one.setdefault("description", f"Of which {name}.")
        elif one["in"] == "query":
            said = f"At which {name}." if one.get("required") else f"Only of this {name}."
            one.setdefault("description", said)


def _add_refusals(operation: dict[str, Any], *, is_public: bool, needs: bool) -> None:
    places = {one["in"] for one in operation.get("parameters", ())}
    codes = api_errors.usual(
        is_public=is_public,
        needs=needs,
        has_body="requestBody" in operation,
        has_query="query" in places,
        has_path="path" in places,
    )
    codes += api_errors.OF_OPERATIONS.get(operation["operationId"], ())
    for status, meanings in api_errors.by_status(codes).items():
        operation["responses"][str(status)] = {
            "description": " ".join(f"`{code}`: {said}" for code, said in meanings.items()),
            "content": {
                JSON: {
                    "schema": {
                        "allOf": [ERROR, {"properties": {"code": {"enum": list(meanings)}}}]
                    },
                    "examples": {
                        code: {
                            "value": {"code": code, "message": said.replace("`", ""), "fields": {}}
                        }
                        for code, said in meanings.items()
                    },
                }
            },
        }


_REMAINING = {
    "RateLimit-Policy": 'The limits of the key: `"day";q=100000;w=86400`, `q` requests in `w` seconds.',
    "RateLimit": 'What remains: `"day";r=99871;t=43200`, whole again in `t` seconds.',
    "X-Credits-Remaining": "API credits that are left, where requests cost some.",
}


def _remaining(answers: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What every answer to a key says of its limits."""
    if "401" not in answers:
        return {}
    return {one: dict(_REMAINING) for one in answers if one in {"200", "201", "429"}}


def _add_headers(operation: dict[str, Any]) -> None:
    """The headers of answers that a client reads."""
    answers = operation["responses"]
    said = _remaining(answers)
    if "304" in answers:
        for status in ("200", "304"):
            said.setdefault(status, {})["ETag"] = "For `If-None-Match`; not with large pages."
    for status in ("429", "503"):
        if status in answers:
            said.setdefault(status, {})["Retry-After"] = "Seconds to wait."
    if "401" in answers:
        said.setdefault("401", {})["WWW-Authenticate"] = "`Bearer`"
    if "pin_locked" in answers.get("403", {}).get("description", ""):
        said.setdefault("403", {})["Retry-After"] = "Seconds to wait, with `pin_locked`."
    words = {"304": "Nothing is new.", "204": "Done.", "200": "Done.", "201": "Recorded."}
    for status, answer in answers.items():
        if not answer.get("description") or answer["description"] == "No response body":
            answer["description"] = words.get(status, "Done.")
        for name, text in said.get(status, {}).items():
            answer.setdefault("headers", {})[name] = {"schema": dict(TEXT), "description": text}
    if {"200", "201"} <= answers.keys():
        answers["200"]["description"] = "The same request again: as it was recorded."


def describe_errors(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """The one shape of errors."""
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
    return result


_making: Final = Lock()


def document() -> dict[str, Any]:
    """The whole description, made once in a process. Not to be changed."""
    # What makes it looks up classes as it goes, and breaks where two threads do so at once.
    with _making:
        return _made()


@cache
def _made() -> dict[str, Any]:
    generator = Generator(urlconf="pos.described_urls")  # type: ignore[no-untyped-call]
    made: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made

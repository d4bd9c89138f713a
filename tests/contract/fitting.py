"""Whether an answer is one that the description allows."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from pos.schema import document
from tests.contract.operations import JSON, Operation


def misfits(operation: Operation, response: Any) -> list[str]:
    """What of an answer is not described: its status, type, code, or any field beside it."""
    answers = operation.described["responses"]
    status = str(response.status_code)
    if status not in answers:
        return [f"{operation.name}: {status} is not described: {response.content[:300]!r}"]
    content = answers[status].get("content")
    if content is None:
        return [f"{operation.name}: {status} has a body"] if response.content else []
    if JSON not in content:
        is_named = response["Content-Type"] in content and response.content
        return [] if is_named else [f"{operation.name}: {status} is no {[*content]}"]
    if not response["Content-Type"].startswith(JSON):
        return [f"{operation.name}: {status} comes as {response['Content-Type']}"]
    errors = _validator(operation.name, status).iter_errors(response.json())
    return [f"{operation.name} {status} {one.json_path}: {one.message[:300]}" for one in errors]


@cache
def _validator(name: str, status: str) -> Draft202012Validator:
    from tests.contract.operations import operations

    schema = operations()[name].described["responses"][status]["content"][JSON]["schema"]
    components = {"schemas": _components()}
    return Draft202012Validator(
        {**nullable(schema), "components": components}, format_checker=FormatChecker()
    )


@cache
def _components() -> dict[str, Any]:
    found: dict[str, Any] = nullable(
        {
            name: {**one, "additionalProperties": False} if "properties" in one else one
            for name, one in document()["components"]["schemas"].items()
        }
    )
    return found


def nullable(schema: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema says that it may be null."""
    if isinstance(schema, list):
        return [nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: nullable(one) for name, one in schema.items() if name != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if schema.get("nullable") is True else inner

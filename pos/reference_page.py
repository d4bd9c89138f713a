"""What the page of the API's reference shows, taken from the description."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

JSON: Final = "application/json"
#: How deep the fields of a body are shown.
DEPTH: Final = 4
# Between the codes of a refusal.
_BETWEEN = re.compile(r" (?=`[a-z_]+`:)")
_CODE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")


@dataclass(frozen=True)
class Row:
    """A parameter, or a field of a body."""

    name: str
    where: str
    type: str
    is_required: bool
    text: SafeString


@dataclass(frozen=True)
class Answer:
    status: str
    title: str
    lines: list[SafeString]
    rows: list[Row]
    example: str
    headers: list[str]


@dataclass(frozen=True)
class Entry:
    """An operation."""

    id: str
    verb: str
    path: str
    title: SafeString
    paragraphs: list[SafeString]
    permissions: list[str]
    parameters: list[Row]
    body: list[Row]
    curl: str
    answers: list[Answer]
    refusals: list[Answer]
    search: str


@dataclass(frozen=True)
class Group:
    name: str
    id: str
    entries: list[Entry]


def groups(document: dict[str, Any]) -> list[Group]:
    """The operations by their first tag, both in the order of the description."""
    reader = _Reader(document)
    found: dict[str, list[Entry]] = {}
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            found.setdefault(operation["tags"][0], []).append(reader.entry(verb, path, operation))
    order = ["Start", "Operators", "Catalogue", "Sales", "Refunds and exchanges", "Shifts"]
    names = sorted(found, key=lambda name: (order.index(name) if name in order else 99, name))
    return [Group(name, "-" + name.lower().replace(" ", "-"), found[name]) for name in names]


def prose(text: str) -> SafeString:
    """Text with `code` and **strong** words."""
    parts: list[SafeString] = []
    end = 0
    for found in _CODE.finditer(text):
        parts.append(format_html("{}", text[end : found.start()]))
        shape = "<code>{}</code>" if found[1] is not None else "<strong>{}</strong>"
        parts.append(format_html(shape, found[1] if found[1] is not None else found[2]))
        end = found.end()
    parts.append(format_html("{}", text[end:]))
    return format_html_join("", "{}", ((one,) for one in parts))


class _Reader:
    def __init__(self, document: dict[str, Any]) -> None:
        self.schemas = document["components"]["schemas"]

    def entry(self, verb: str, path: str, operation: dict[str, Any]) -> Entry:
        paragraphs = operation["description"].split("\n\n")
        answers = [self._answer(*one) for one in sorted(operation["responses"].items())]
        sent = operation.get("requestBody", {}).get("content", {})
        content = sent.get(JSON, {})
        words = (operation["operationId"], verb, path, operation["summary"], *operation["tags"])
        return Entry(
            id=operation["operationId"],
            verb=verb.upper(),
            path=path,
            title=prose(operation["summary"]),
            paragraphs=[prose(one) for one in paragraphs if one != f"{operation['summary']}."],
            permissions=operation["x-permission"],
            parameters=[self._parameter(one) for one in operation.get("parameters", ())],
            body=[*self._rows(content.get("schema", {})), *self._others(sent)],
            curl=_curl(verb.upper(), path, operation, _example(content)),
            answers=[one for one in answers if one.status < "4"],
            refusals=[one for one in answers if one.status >= "4"],
            search=" ".join((*words, *operation["x-permission"])).lower(),
        )

    def _parameter(self, one: dict[str, Any]) -> Row:
        return Row(
            name=one["name"],
            where=one["in"],
            type=self._type(one["schema"]),
            is_required=bool(one.get("required")),
            text=prose(one.get("description", "")),
        )

    def _answer(self, status: str, answer: dict[str, Any]) -> Answer:
        content = answer.get("content", {}).get(JSON, {})
        is_error = status >= "4"
        return Answer(
            status=status,
            title=HTTPStatus(int(status)).phrase,
            lines=[prose(one) for one in _BETWEEN.split(answer.get("description", ""))],
            rows=[] if is_error else list(self._rows(content.get("schema", {}))),
            example="" if is_error else _pretty(_example(content)),
            headers=list(answer.get("headers", ())),
        )

    def _others(self, sent: dict[str, Any]) -> Iterator[Row]:
        """What may be sent instead of JSON: the bytes of a file, or a form with it."""
        for kind, one in sent.items():
            fields = self._whole(one["schema"]).get("properties", {})
            if kind != JSON:
                text = format_html_join(", ", "<code>{}</code>", ((name,) for name in fields))
                told = "form with the file" if fields else "the file itself"
                yield Row(name=kind, where="", type=told, is_required=False, text=text)

    def _rows(self, schema: dict[str, Any], prefix: str = "", depth: int = 0) -> Iterator[Row]:
        schema = self._whole(schema)
        if schema.get("type") == "array":
            schema = self._whole(schema["items"])
        needed = schema.get("required", ())
        for name, one in schema.get("properties", {}).items():
            whole = self._whole(one)
            is_list = whole.get("type") == "array"
            yield Row(
                name=prefix + name,
                where="",
                type=self._type(one),
                is_required=name in needed,
                text=prose(one.get("description", "")),
            )
            if depth < DEPTH:
                yield from self._rows(whole, f"{prefix}{name}{'[]' if is_list else ''}.", depth + 1)

    def _whole(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema with what it refers to."""
        if "$ref" in schema:
            return self._whole(self.schemas[schema["$ref"].rpartition("/")[2]])
        found = {**schema}
        for one in schema.get("allOf", ()):
            found = {**self._whole(one), **found}
        return found

    def _type(self, schema: dict[str, Any]) -> str:
        whole = self._whole(schema)
        if whole.get("type") == "array":
            return f"list of {self._type(whole['items'])}"
        options = [str(one) for one in whole.get("enum", ()) if one]
        # Beside what is null or an empty text.
        options += [
            self._type(one)
            for one in whole.get("oneOf", ())
            if any(one.get("enum", "x")) or not one
        ]
        options = [one for one in options if one != "any"]
        said = " | ".join(options) or whole.get("format") or whole.get("type", "any")
        return f"{said} or null" if whole.get("nullable") else str(said)


def _example(content: dict[str, Any]) -> Any:
    return next((one["value"] for one in content.get("examples", {}).values()), None)


def _pretty(value: Any) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)


def _curl(verb: str, path: str, operation: dict[str, Any], body: Any) -> str:
    """A call for a shell, with `SHOP` as the address of the API and `TOKEN`."""
    parameters = operation.get("parameters", ())
    address = "$SHOP" + path.removeprefix("/api/v1")
    asked = [
        f"{one['name']}={one.get('example', '$' + one['name'].upper())}"
        for one in parameters
        if one["in"] == "query" and (one.get("required") or "example" in one)
    ]
    for one in parameters:
        if one["in"] == "path":
            said = str(one.get("example", "$" + one["name"].removesuffix("_id").upper()))
            address = address.replace(f"{{{one['name']}}}", said)
    parts = ["curl -sS" + ("" if verb in {"GET", "POST"} else f" -X {verb}")]
    if verb == "POST" and body is None:
        parts[0] += " -X POST"
    if operation.get("security"):
        parts.append('-H "Authorization: Bearer $TOKEN"')
        parts.append('-H "X-Operator: $OPERATOR"')
    if body is not None:
        parts.append('-H "Content-Type: application/json"')
    parts.append(f'"{address}{"?" + "&".join(asked) if asked else ""}"')
    if body is not None:
        parts.append(f"-d {shlex.quote(_pretty(body))}")
    elif "requestBody" in operation:
        kind = next(iter(operation["requestBody"]["content"]))
        parts.append(f'-H "Content-Type: {kind}"')
        parts.append(f"--data-binary @picture.{kind.rpartition('/')[2]}")
    elif JSON not in operation["responses"].get("200", {}).get("content", {JSON: {}}):
        kind = next(iter(operation["responses"]["200"]["content"]))
        parts.append(f"-o picture.{kind.rpartition('/')[2]}")
    return " \\\n  ".join(parts)

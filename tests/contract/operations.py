"""The operations of the API as its description has them, and requests made from its examples.

A request is the example of the description, with every id in it taken from a place: the business,
the register and the documents of a test. What an id is of follows from the name of its field. An
operation whose example is missing, or which names an id of something that no place has, fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol
from urllib.parse import urlencode

from pos.schema import document
from tenants.ids import uuid7

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# A terminal has a place of its own, and does not look at the one that is named.
NOT_ASKED = {("operators", "location")}


class Place(Protocol):
    def id_of(self, name: str) -> str:
        """The id of something of this kind here. Raises KeyError for a kind that it has not."""


@dataclass
class Asked:
    """A request, and of what the ids in it are."""

    verb: str
    url: str
    body: Any
    named: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Operation:
    name: str
    verb: str
    path: str
    described: dict[str, Any]

    @property
    def is_public(self) -> bool:
        return not self.described.get("security")

    @property
    def permissions(self) -> tuple[str, ...]:
        return tuple(self.described["x-permission"])

    def codes(self, status: int) -> set[str]:
        """The codes of a refusal with this status; empty where it is not described."""
        answer = self.described["responses"].get(str(status))
        return set() if answer is None or status < 400 else set(answer["content"][JSON]["examples"])

    def example(self) -> Any:
        """The body of the example. Raises KeyError where there is none but should be."""
        if "requestBody" not in self.described:
            return None
        kinds = self.described["requestBody"]["content"]
        if "image/png" in kinds:
            return PICTURE
        content = kinds[JSON]
        return next(iter(content["examples"].values()))["value"]

    def ask(self, place: Place) -> Asked:
        """The request of the example, at this place."""
        asked = Asked(self.verb, self.path, None)
        query = {}
        for one in self.described.get("parameters", ()):
            name, example = one["name"], one.get("example")
            is_id = one["schema"].get("format") == "uuid"
            if one["in"] == "path":
                value = self._id(place, asked, name.removesuffix("_id")) if is_id else example
                if value is None:
                    raise LookupError(f"{self.name}: the parameter {name} needs an example")
                asked.url = asked.url.replace(f"{{{name}}}", str(value))
            elif one["in"] == "query":
                if is_id and name != "id" and (self.name, name) not in NOT_ASKED:
                    query[name] = self._id(place, asked, name)
                elif example is not None:
                    query[name] = example
                elif one.get("required"):
                    raise LookupError(f"{self.name}: the parameter {name} needs an example")
        if query:
            asked.url += "?" + urlencode(query)
        asked.body = self._filled(place, asked, self.example())
        return asked

    def _filled(self, place: Place, asked: Asked, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._filled(place, asked, one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self._filled(place, asked, one, name.removesuffix("s")) for one in value]
        if isinstance(value, str) and UUID.fullmatch(value):
            return str(uuid7()) if name == "id" else self._id(place, asked, name)
        if (self.name, name) == ("pair", "code"):
            return self._id(place, asked, "code")
        return value

    def _id(self, place: Place, asked: Asked, name: str) -> str:
        try:
            found = place.id_of(name)
        except KeyError:
            raise LookupError(f"{self.name}: tests/contract/places.py knows no {name}") from None
        asked.named.add(name)
        return found


JSON = "application/json"
#: A red point, as PNG.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de000"
    "0000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@cache
def operations() -> dict[str, Operation]:
    """Every operation of the description, by its name."""
    return {one.name: one for one in _operations()}


def _operations() -> Iterator[Operation]:
    for path, verbs in document()["paths"].items():
        for verb, described in verbs.items():
            yield Operation(described["operationId"], verb.upper(), path, described)


@cache
def operation_of(verb: str, path: str) -> Operation | None:
    """Whose request this is, by its path; a path without ids, such as sales/batch, comes first."""
    fitting = [
        one
        for one in operations().values()
        if one.verb == verb and re.fullmatch(re.sub(r"{\w+}", "[^/]+", one.path), path)
    ]
    return min(fitting, key=lambda one: one.path.count("{"), default=None)

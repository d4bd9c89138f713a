"""schemathesis over the whole description, with a terminal and an operator that may do everything.

For every operation its cases: those at the edges of each field, and random ones, valid and not.
Three of four cases name ids that exist, so that what stands behind a look-up is reached as well.
An answer must be no 5xx and one that the description has: status, type, headers, body and code.

Derandomised: the same description gives the same cases. CI tries FUZZ_EXAMPLES=5 random ones for
each operation, `make fuzz` 100, and `make fuzz EXAMPLES=101` those at the edges of fields too.
"""

from __future__ import annotations

import os
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pos.schema import document
from tests import factories
from tests.contract.operations import UUID, operations
from tests.contract.places import Spot, here

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CONFIG = {
    "generation": {
        "mode": "all",
        "max-examples": EXAMPLES,
        "deterministic": True,
        "with-security-parameters": False,
    },
    "phases": {
        "coverage": {"enabled": EXAMPLES > 100, "unexpected-methods": []},
        "examples": {"enabled": True},
    },
}
described = schemathesis.openapi.from_dict(document(), config=SchemathesisConfig.from_dict(CONFIG))


class Application(WSGIHandler):
    """The product, within the transaction of a test: its connection stays open between requests."""

    def __call__(self, *args: Any) -> Any:
        request_started.disconnect(close_old_connections)
        request_finished.disconnect(close_old_connections)
        try:
            answer = super().__call__(*args)
            answer.close()
            return list(answer)
        finally:
            request_started.connect(close_old_connections)
            request_finished.connect(close_old_connections)


described.app = Application()
seen: Counter[tuple[str, int]] = Counter()


@pytest.fixture(scope="module")
def spot(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Spot]:
    """A shop for all cases: each is rolled back, so that no case depends on another."""
    with django_db_blocker.unblock(), transaction.atomic():
        place = here(factories.make_shop("fuzzed"))
        # A reading is of a day whose shift is closed; then the next one begins.
        place.id_of("reading")
        del place.shift, place.movement
        made = ("movement", "sale", "brand", "correction", "review", "person", "supplier")
        for name in (*made, "picture"):
            place.id_of(name)
        _token = place.operator_token
        yield place
        transaction.set_rollback(True)
    _report()


@schemathesis.serializer("image/jpeg", "image/png", "image/webp")
def _as_it_is(_context: Any, value: Any) -> Any:
    return bytes(value) if isinstance(value, bytes) else str(value).encode()


@described.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_described(case: Any, spot: Spot) -> None:
    name = case.operation.definition.raw["operationId"]
    _place(case, spot, name)
    headers = {} if name == "pair" else _headers(spot)
    with transaction.atomic():
        answer = case.call(headers=headers)
        transaction.set_rollback(True)
    seen[name, answer.status_code] += 1
    case.validate_response(answer, checks=CHECKS)


def _headers(spot: Spot) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {spot.device[1]}",
        "X-Operator": spot.operator_token,
        "Accept-Encoding": "identity",
    }


def _place(case: Any, spot: Spot, name: str) -> None:
    """Name what exists in three of four cases; in half of those take the example as a whole, and
    one field of the case in it."""
    for header in ("X-Operator", "X-Approval", "Authorization"):
        case.headers.pop(header, None)
    luck = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode())
    example = operations()[name].example()
    if isinstance(example, bytes) and case.media_type == "multipart/form-data":
        example = {"picture": example}
    if not luck % 4 and case.body != example:
        return
    if luck % 8 > 3 and isinstance(example, bytes):
        case.body = example
    if luck % 8 > 3 and isinstance(case.body, dict) and isinstance(example, dict):
        # Also none of its fields: the example as it is, with what else the case has.
        kept = sorted(case.body)[luck // 8 % (len(case.body) + 1) :][:1]
        case.body = {**example, **{key: case.body[key] for key in kept}}
    case.path_parameters = {
        key: _known(spot, key.removesuffix("_id"), value)
        for key, value in case.path_parameters.items()
    }
    case.query = {key: _known(spot, key, value) for key, value in case.query.items()}
    case.body = _named(spot, case.body)


def _named(spot: Spot, value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _named(spot, one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_named(spot, one, name) for one in value]
    return _known(spot, name, value)


def _known(spot: Spot, name: str, value: Any) -> Any:
    """The id of something here, where the case has an id of it, whichever."""
    if not (isinstance(value, str) and re.fullmatch(UUID, value.lower())):
        return value
    try:
        return spot.id_of(name)
    except KeyError:
        return value


def _report() -> None:
    total = sum(seen.values())
    print(f"\n{total} cases of {len({name for name, _status in seen})} operations:")
    for name in sorted({name for name, _status in seen}):
        answers = {status: n for (one, status), n in sorted(seen.items()) if one == name}
        print(f"  {name}: {sum(answers.values())} {answers}")

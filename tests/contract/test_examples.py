"""Every operation answers its own example as the description says, and the answers are kept there.

RECORD_EXAMPLES=1 writes what was answered to pos/api_answers.json.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

import pytest
from django.test import Client

from pos import api_examples
from tests.api.calls import ask
from tests.contract.fitting import misfits
from tests.contract.operations import JSON, UUID, Operation, operations
from tests.contract.places import here, prepared
from tests.factories import Shop

RECORDS = os.environ.get("RECORD_EXAMPLES") == "1"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_TOKEN = re.compile(r"\b(tbo|tba|tb)_[\w-]{20,}")


@pytest.mark.parametrize("name", sorted(operations()))
def test_an_operation_answers_its_example(shop: Shop, name: str) -> None:
    operation = operations()[name]
    spot = prepared(here(shop), name)
    asked = operation.ask(spot)
    client = Client() if operation.is_public else spot.client()
    answer = ask(client, asked.verb, asked.url, asked.body)
    assert 200 <= answer.status_code < 300, (asked, answer.content)
    assert misfits(operation, answer) == []
    if answer.status_code == 204 or answer["Content-Type"] != JSON:
        return
    _compare(operation, answer.status_code, _plain(answer.json()))


def _compare(operation: Operation, status: int, found: Any) -> None:
    """The recorded answer still has the shape of the one that came."""
    if RECORDS:
        everything = json.loads(api_examples.ANSWERS.read_text(encoding="utf-8"))
        everything.setdefault(operation.name, {})[str(status)] = found
        text = json.dumps(everything, indent=1, ensure_ascii=False, sort_keys=True)
        api_examples.ANSWERS.write_text(text + "\n", encoding="utf-8")
        return
    content = operation.described["responses"][str(status)]["content"]["application/json"]
    said = [one["value"] for one in content["examples"].values()]
    kept = api_examples.answers().get(operation.name, {}).get(str(status))
    if kept is not None and kept in said:
        assert _differences(found, kept) == []


def _plain(value: Any, known: dict[str, str] | None = None) -> Any:
    """The answer without what is another one each time: ids, times, tokens, long lists."""
    known = {} if known is None else known
    if isinstance(value, dict):
        return {key: _plain(one, known) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, known) for one in value[:3]]
    if not isinstance(value, str):
        return value
    for found in UUID.finditer(value):
        made = known.setdefault(found[0], f"0199a3c4-7b1e-7d61-9a6e-{len(known) + 1:012x}")
        value = value.replace(found[0], made)
    value = _TIME.sub("2026-01-31T14:05:00.000+00:00", value)
    value = re.sub(r"\b20\d\d-\d\d-\d\d\b(?!T)", "2026-01-31", value)
    value = re.sub(r"gAAAA[\w=-]+", "gAAAAA…", value)
    return _TOKEN.sub(r"\1_…", value)


def _differences(found: Any, kept: Any, path: str = "$") -> list[str]:
    """Fields that one has and the other has not, at any depth, or that are of another type.

    What may be null is now and then; of a list the first counts.
    """
    if found is None or kept is None:
        return []
    if type(found) is not type(kept):
        return [f"{path}: {type(found).__name__} was {type(kept).__name__}"]
    if isinstance(found, dict):
        other = found.keys() ^ kept.keys()
        inner = (
            _differences(found[key], kept[key], f"{path}.{key}") for key in found if key in kept
        )
        return [f"{path}.{key}" for key in sorted(other)] + [one for some in inner for one in some]
    if isinstance(found, list) and found and kept:
        return _differences(found[0], kept[0], f"{path}.0")
    return []


def test_another_shape_is_found() -> None:
    kept = {"a": None, "b": [{"c": "1"}], "d": 1}
    assert _differences({"a": {"x": 1}, "b": [{"c": "2"}, {}], "d": 2}, kept) == []
    assert _differences({"a": 1, "b": [{"e": "2"}], "d": "2"}, kept) == [
        "$.b.0.c",
        "$.b.0.e",
        "$.d: str was int",
    ]

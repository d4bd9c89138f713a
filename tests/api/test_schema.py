"""The description of the API: made without warnings, public, and complete for every operation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.permissions import Permission
from tests.api.calls import ROOT
from tests.contract.fitting import misfits
from tests.contract.operations import JSON, Operation, operations

URL = f"{ROOT}schema/"
every_operation = pytest.mark.parametrize("name", sorted(operations()))


def test_it_is_made_without_warnings(tmp_path: Path) -> None:
    call_command(
        "spectacular",
        urlconf="pos.described_urls",
        file=str(tmp_path / "schema.yaml"),
        fail_on_warn=True,
        validate=True,
    )


@pytest.mark.django_db
def test_it_is_public_and_asks_the_database_nothing(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(URL)
    with django_assert_num_queries(0):
        answer = client.get(URL)
        again = client.get(URL, headers={"If-None-Match": answer["ETag"]})
        yaml = client.get(f"{URL}?format=yaml")
    assert answer["Content-Type"] == JSON
    assert {
        one["operationId"] for verbs in answer.json()["paths"].values() for one in verbs.values()
    }
    assert (again.status_code, again.content) == (304, b"")
    assert yaml.content.startswith(b"openapi: 3.")


def lacks(operation: Operation) -> list[str]:
    """What the description of an operation should have and has not."""
    said = operation.described
    found = [f"no {part}" for part in ("summary", "description", "tags") if not said.get(part)]
    if len(said.get("summary", "")) > 120:
        found.append("a summary of more than 120 letters")
    if said.get("x-permission") is None:
        found.append("no x-permission")
    found += [
        f"no permission {name}" for name in operation.permissions if name not in list(Permission)
    ]
    found += [
        f"{name} is not named in the description"
        for name in operation.permissions
        if f"`{name}`" not in said["description"]
    ]
    names = {one["name"] for one in said.get("parameters", ())}
    if not operation.is_public and not {"X-Operator", "X-App-Version"} <= names:
        found.append("no header of the operator")
    found += [
        f"the parameter {one['name']} is not explained"
        for one in said.get("parameters", ())
        if not one.get("description")
    ]
    sent = said.get("requestBody", {}).get("content", {})
    if JSON in sent and not sent[JSON].get("examples"):
        found.append("no example of a request (pos/api_examples.py)")
    return found + [one for status in said["responses"] for one in _lacks(operation, status)]


def _lacks(operation: Operation, status: str) -> list[str]:
    answer = operation.described["responses"][status]
    found = [] if answer.get("description") else [f"{status} is not explained"]
    headers = set(answer.get("headers", ()))
    if status in {"429", "503"} and "Retry-After" not in headers:
        found.append(f"{status} without Retry-After")
    if status == "304" and "ETag" not in headers:
        found.append("304 without ETag")
    if "content" not in answer:
        return found if status in {"204", "304"} else [*found, f"{status} has no shape"]
    examples = answer["content"].get(JSON, {}).get("examples")
    if [*answer["content"]] == ["image/webp"]:
        return found
    return found if examples else [*found, f"no example of {status} (RECORD_EXAMPLES=1)"]


@every_operation
def test_an_operation_is_described_completely(name: str) -> None:
    assert lacks(operations()[name]) == []


@every_operation
def test_an_operation_says_what_every_one_of_its_kind_can_refuse(name: str) -> None:
    operation = operations()[name]
    if not operation.is_public:
        assert {"not_authenticated", "operator_signed_out"} <= operation.codes(401)
        assert bool(operation.permissions) == ("permission_denied" in operation.codes(403))
    if "requestBody" in operation.described:
        assert {"invalid", "parse_error"} <= operation.codes(400)
    if "{" in operation.path:
        assert "not_found" in operation.codes(404)
    assert "busy" in operation.codes(503)


def test_an_operation_without_examples_is_found() -> None:
    """The test of completeness can fail."""
    whole = operations()["sale_void"]
    bare = json.loads(json.dumps(whole.described))
    del bare["summary"], bare["requestBody"]["content"][JSON]["examples"]
    bare["responses"]["201"]["content"][JSON].pop("examples")
    bare["responses"]["503"].pop("headers")
    found = lacks(Operation(whole.name, whole.verb, whole.path, bare))
    assert [one.split(" (")[0] for one in found] == [
        "no summary",
        "no example of a request",
        "no example of 201",
        "503 without Retry-After",
    ]


def test_every_code_of_the_description_is_explained_once() -> None:
    names: dict[str, Any] = {}
    for operation in operations().values():
        assert operation.name not in names
        names[operation.name] = operation
    assert len({(one.verb, one.path) for one in names.values()}) == len(names)


def test_an_answer_beside_the_description_is_found(client: Client, terminal: Client) -> None:
    """The check of answers can fail."""
    answer = terminal.get(f"{ROOT}me")
    assert misfits(operations()["me"], answer) == []
    assert misfits(operations()["customers"], answer)
    refused = client.get(f"{ROOT}me")
    assert misfits(operations()["pair"], refused) == [
        f"pair: 401 is not described: {refused.content[:300]!r}"
    ]

"""The description of the API: made without warnings, public, and true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker

from tenants.ids import uuid7
from tests.api.calls import ENDPOINTS, line, post, sale_body
from tests.factories import Shop
from tests.sales.offline_sales import offline_body, offline_line

URL = "/api/v1/schema/"


@pytest.fixture(scope="module")
def described(django_db_setup: None, django_db_blocker: Any) -> dict[str, Any]:
    # Read once for all tests here; each request begins a transaction.
    with django_db_blocker.unblock():
        response = Client(headers={"Accept": "application/json"}).get(URL)
    assert response.status_code == 200
    content: dict[str, Any] = response.json()
    return content


def test_it_is_made_without_warnings(tmp_path: Path) -> None:
    call_command(
        "spectacular",
        urlconf="pos.described_urls",
        file=str(tmp_path / "schema.yaml"),
        fail_on_warn=True,
        validate=True,
    )


def test_it_describes_every_endpoint(described: dict[str, Any]) -> None:
    paths = {
        (verb.upper(), path.replace("_id}", "}"))
        for path, operations in described["paths"].items()
        for verb in operations
    }
    listed = {(verb, f"/api/v1/{path.split('?')[0]}") for verb, path in ENDPOINTS}
    assert paths == listed | {("POST", "/api/v1/pair")}
    for path, operations in described["paths"].items():
        for operation in operations.values():
            by_token: list[Any] = [] if path == "/api/v1/pair" else [{"device_token": []}]
            assert operation.get("security", []) == by_token
            assert "4XX" in operation["responses"]


def check(described: dict[str, Any], response: Any, operation: str) -> None:
    """The answer fits its description, and has no field beside it."""
    (found,) = (
        one
        for operations in described["paths"].values()
        for one in operations.values()
        if one["operationId"] == operation
    )
    answers = found["responses"]
    answer = answers.get(str(response.status_code)) or answers["4XX"]
    schema = answer["content"]["application/json"]["schema"]
    strict = {
        name: {**one, "additionalProperties": False} if "properties" in one else one
        for name, one in described["components"]["schemas"].items()
    }
    root = {**schema, "components": {"schemas": _nullable(strict)}}
    validator = Draft202012Validator(root, format_checker=FormatChecker())
    errors = validator.iter_errors(response.json())
    assert [f"{operation} {error.json_path}: {error.message}" for error in errors] == []


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema says that it may be null."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: _nullable(one) for name, one in schema.items() if name != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if schema.get("nullable") is True else inner


def test_every_answer_fits_it(
    described: dict[str, Any], shop: Shop, managers_terminal: Client
) -> None:
    client, api = managers_terminal, "/api/v1/"
    register = str(shop.register.pk)
    check(described, client.get(f"{api}me"), "me")
    shift = post(client, f"{api}shifts", {"register": register, "opening_float": "50.00"})
    check(described, shift, "shift_open")
    check(described, client.get(f"{api}me"), "me")
    check(described, client.get(f"{api}items?register={register}"), "items")
    check(described, client.get(f"{api}items?register={register}&q=mug"), "items")
    check(described, client.get(f"{api}items/lookup?register={register}&code=TEA"), "item_lookup")
    check(described, client.get(f"{api}items/lookup?register={register}&code=NO"), "item_lookup")
    customer = post(client, f"{api}customers", {"name": "Dirk"})
    check(described, customer, "customer_create")
    check(described, client.get(f"{api}customers"), "customers")
    one = f"{api}customers/{customer.json()['id']}"
    check(described, client.get(one), "customer")
    check(described, client.get(f"{api}customers/{uuid7()}"), "customer")
    body = sale_body(shop, line(shop.mug), total="5.00", customer=customer.json()["id"])
    for _time in range(2):
        check(described, post(client, f"{api}sales", body), "sale_create")
    check(described, post(client, f"{api}sales", {**body, "note": "x"}), "sale_create")
    odd = offline_body(shop, offline_line(shop.mug, unit_price="4.00"), total="4.00")
    batch = [
        offline_body(shop),
        odd,
        offline_body(shop, total="1.00"),
        {"id": 7},
        {**odd, "note": "x"},
    ]
    check(described, post(client, f"{api}sales/batch", {"sales": batch}), "sale_batch")
    check(described, post(client, f"{api}sales/batch", {}), "sale_batch")
    asked = {"id": str(uuid7()), "register": register}
    for _time in range(2):
        check(described, post(client, f"{api}series", asked), "series_create")
    check(described, client.get(f"{api}me"), "me")
    sale = f"{api}sales/{body['id']}"
    check(described, client.get(sale), "sale")
    check(described, client.get(f"{sale}/receipt"), "sale_receipt")
    check(described, post(client, f"{sale}/void", {"id": str(uuid7()), "reason": "x"}), "sale_void")
    check(described, client.get(f"{api}sales"), "sales")
    url = f"{api}shifts/{shift.json()['id']}"
    check(described, client.get(url), "shift")
    check(described, post(client, f"{url}/close", {"counted_cash": "50.00"}), "shift_close")


def test_the_check_can_fail(described: dict[str, Any], shop: Shop, terminal: Client) -> None:
    response = terminal.get("/api/v1/me")
    with pytest.raises(AssertionError, match=r"\$"):
        check(described, response, "customers")

"""Whatever is sent, the answer is an answer: never a 5xx, always the one shape of errors."""

from __future__ import annotations

import copy
import json
from typing import Any
from urllib.parse import quote

from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.calls import NOWHERE, line, sale_body
from tests.factories import Shop

quick = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
texts = st.text(st.characters(), max_size=30) | st.sampled_from(
    ["\0", "\ud800", "NaN", "-0", "1e999", "9" * 40, "0x10", "٣", " 1 ", NOWHERE, "' OR 1=1 --"]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**30, -1, 0])
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
PATHS = [
    ("id",),
    ("register",),
    ("lines",),
    ("lines", 0),
    ("lines", 0, "variation"),
    ("lines", 0, "quantity"),
    ("lines", 0, "discount"),
    ("lines", 0, "discount", "kind"),
    ("lines", 0, "discount", "value"),
    ("lines", 0, "unit_price"),
    ("payments",),
    ("payments", 0, "method"),
    ("payments", 0, "amount"),
    ("payments", 0, "card_brand"),
    ("payments", 0, "card_last4"),
    ("payments", 0, "reference"),
    ("total",),
    ("discount",),
    ("customer",),
    ("note",),
    ("surprise",),
]


def judge(response: Any) -> None:
    assert response.status_code < 500, response.content
    content = response.json()
    if response.status_code >= 400:
        assert content.keys() == {"code", "message", "fields"}, content


def changed(body: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    body = copy.deepcopy(body)
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return body


def send(client: Client, url: str, body: Any) -> None:
    judge(client.generic("POST", url, json.dumps(body), content_type="application/json"))


@quick
@given(path=st.sampled_from(PATHS), value=values)
def test_a_sale_with_anything_in_one_field(
    open_shop: Shop, managers_terminal: Client, path: tuple[Any, ...], value: Any
) -> None:
    part = line(open_shop.mug, "1", discount={"kind": "percent", "value": "0"})
    body = sale_body(open_shop, part, total="5.00", customer=str(open_shop.customer.pk))
    send(managers_terminal, "/api/v1/sales", changed(body, path, value))


@quick
@given(
    url=st.sampled_from(
        ["customers", "shifts", f"shifts/{NOWHERE}/close", "sales", f"sales/{NOWHERE}/void"]
    ),
    body=values
    | st.dictionaries(
        st.sampled_from(["name", "phone", "email", "register", "opening_float", "id", "reason"]),
        values,
    ),
)
def test_any_body(shop: Shop, managers_terminal: Client, url: str, body: Any) -> None:
    send(managers_terminal, f"/api/v1/{url}", body)


@quick
@given(
    path=st.sampled_from(["items", "items/lookup", "customers", "sales"]),
    name=st.sampled_from(["q", "code", "cursor", "date", "register"]),
    value=texts,
)
def test_any_query(shop: Shop, managers_terminal: Client, path: str, name: str, value: str) -> None:
    text = quote(value.encode("utf-8", "surrogatepass"))
    register = "" if path in {"customers", "sales"} else f"register={shop.register.pk}&"
    judge(managers_terminal.get(f"/api/v1/{path}?{register}{name}={text}"))

"""Who is refused at every operation, from one table that is generated from the description.

Every operation × {no token, revoked token, another business's ids, another location's ids, an
operator without the permission}: the request is the example of the description, which succeeds
with the right token and ids (`test_examples.py`), so each refusal here is of what is wrong and of
nothing else. Every answer must be one that the description has, and change nothing.

The whole table is printed at the end of a run with `-rP`, and written to var/operations.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.test import Client

from accounts.devices import revoke_device
from accounts.models import Membership, Role
from accounts.permissions import Permission
from tenants.context import business
from tests.api.calls import ask
from tests.contract.fitting import misfits
from tests.contract.operations import Asked, Operation, operations
from tests.contract.places import PLACED, Spot, here, prepared, there
from tests.factories import Shop

NO_TOKEN, REVOKED = "no token", "revoked token"
OTHER_BUSINESS, OTHER_LOCATION = "other business", "other location"
NO_PERMISSION = "no permission"
COLUMNS: Final = (NO_TOKEN, OTHER_BUSINESS, OTHER_LOCATION, NO_PERMISSION, REVOKED)
# What a cell says where the case does not exist.
NO_IDS, FREE, OPEN = "names nothing", "needs none", "public"

# Sales that were made offline have happened: they are heard of anybody with a token, each is judged
# by itself, and one that names what is not the device's is held for a manager, in no book.
HEARD: Final = "sale_batch"

every_operation = pytest.mark.parametrize("name", sorted(operations()))


class Places:
    """Where the request is right, and the two other places whose ids it is tried with."""

    def __init__(self, shop: Shop, other_shop: Shop, name: str) -> None:
        self.own = prepared(here(shop), name)
        self.elsewhere = {OTHER_BUSINESS: here(other_shop), OTHER_LOCATION: there(shop)}


def cell(operation: Operation, column: str, places: Places) -> str:
    """What the operation answers in this case: status and code, or why there is no such case.

    In the order of COLUMNS: the last ones change the place.
    """
    if operation.is_public:
        return OPEN
    if column == NO_PERMISSION and not operation.permissions:
        return FREE
    asked = operation.ask(places.elsewhere.get(column, places.own))
    if column == OTHER_BUSINESS and not asked.named:
        return NO_IDS
    if column == OTHER_LOCATION and not asked.named & PLACED:
        return NO_IDS
    client = _client(places.own, column)
    before = _books(places)
    answer = ask(client, asked.verb, asked.url, asked.body)
    assert misfits(operation, answer) == []
    after = _books(places)
    if (operation.name, column) in EXCEPT:
        del before["ReviewItem"], after["ReviewItem"]
    assert after == before, f"{column}: the refused request changed something"
    return _said(answer)


def _client(spot: Spot, column: str) -> Client:
    if column == NO_TOKEN:
        return Client()
    client = spot.client()
    with business(spot.shop.business), transaction.atomic():
        if column == NO_PERMISSION:
            spot.person.role.permissions = []
            spot.person.role.save()
        if column == REVOKED:
            actor = Membership.objects.get(user=spot.shop.owner)
            Role.objects.filter(pk=actor.role_id).update(permissions=sorted(Permission))
            revoke_device(actor=actor, device=spot.device[0])
    return client


def _books(places: Places) -> dict[str, int]:
    """What no refused request may change: how much there is of each thing, in both businesses."""
    found: dict[str, int] = {}
    for place in (places.own, places.elsewhere[OTHER_BUSINESS]):
        # PostgreSQL knows the business from the transaction.
        with business(place.shop.business), transaction.atomic():
            for label in ("sales", "inventory", "purchasing"):
                for model in apps.get_app_config(label).get_models():
                    name = model.__name__
                    found[name] = found.get(name, 0) + model._base_manager.count()
    return found


def _said(answer: Any) -> str:
    content = answer.json()
    if answer.status_code < 400:
        first: dict[str, Any] = next(iter(content.get("results", ())), {})
        return f"{answer.status_code} {first.get('status', '')}".strip()
    return f"{answer.status_code} {content['code']}"


ALLOWED: Final = {
    NO_TOKEN: {"401 not_authenticated", OPEN},
    REVOKED: {"401 not_authenticated", OPEN},
    OTHER_BUSINESS: {"404 not_found", NO_IDS, OPEN},
    OTHER_LOCATION: {"404 not_found", NO_IDS, OPEN},
    NO_PERMISSION: {"403 permission_denied", FREE, OPEN},
}
EXCEPT: Final = {
    (HEARD, OTHER_BUSINESS): "200 held",
    (HEARD, OTHER_LOCATION): "200 held",
    # With product.view_all_branch_stock, and product.price.edit_all.
    ("stock", OTHER_LOCATION): "200",
    ("product_prices", OTHER_LOCATION): "200",
}


@every_operation
def test_who_is_refused(
    shop: Shop, other_shop: Shop, name: str, table: dict[tuple[str, str], str]
) -> None:
    operation, places = operations()[name], Places(shop, other_shop, name)
    found = {column: cell(operation, column, places) for column in COLUMNS}
    table.update({(name, column): said for column, said in found.items()})
    wrong = {
        column: said
        for column, said in found.items()
        if said not in ({EXCEPT[name, column]} if (name, column) in EXCEPT else ALLOWED[column])
    }
    assert wrong == {}


@pytest.fixture(scope="module")
def table() -> Iterator[dict[tuple[str, str], str]]:
    """Filled by the tests of this file, and written when they have ended."""
    filled: dict[tuple[str, str], str] = {}
    yield filled
    rows = [f"| operation | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, one in operations().items():
        cells = [filled.get((name, column), "–") for column in COLUMNS]
        rows.append(f"| `{one.verb} {one.path}` | {' | '.join(cells)} |")
    path = Path(settings.BASE_DIR, "var", "operations.md")
    if len(filled) == len(operations()) * len(COLUMNS):
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    print("\n".join(rows))


class Nowhere:
    """A place where nothing is."""

    def id_of(self, name: str) -> str:
        raise KeyError(name)


def test_an_operation_that_cannot_be_filled_fails() -> None:
    with pytest.raises(LookupError, match="knows no sale"):
        operations()["sale_void"].ask(Nowhere())
    asked = operations()["customer_create"].ask(Nowhere())
    assert isinstance(asked, Asked)
    assert asked.named == set()


def test_an_exception_is_of_an_operation_that_exists() -> None:
    assert {name for name, _column in EXCEPT} <= operations().keys()
    assert {column for _name, column in EXCEPT} <= set(COLUMNS)

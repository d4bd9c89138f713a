"""Commands find the business that they are told, in whatever way it is said."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tenants.choosing import chosen_business
from tests.factories import Shop, make_shop


def test_by_address_id_or_name(shop: Shop, other_shop: Shop) -> None:
    for wanted in ("acme", " acme ", "ACME", str(shop.business.pk)):
        assert chosen_business(wanted) == shop.business


def test_none_and_several_are_one_sentence_each(shop: Shop, other_shop: Shop) -> None:
    with pytest.raises(CommandError, match=r"no business “nope”. There is: acme \(\d+\), rival"):
        chosen_business("nope")
    for one in (shop.business, make_shop("third").business):
        one.name = "Corner"
        one.save()
    with pytest.raises(CommandError, match=r"Several .* “corner”; say which: acme .*, third"):
        chosen_business("corner")


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (["expire_credit"], {}),
        (["export_data", "x.xlsx"], {"form": "xlsx"}),
        (["device_token"], {"register": "XX9", "user": "nobody"}),
        (["import_products"], {"list": True}),
        (["import_sales", "x.csv"], {"preset": "online-retail"}),
    ],
)
def test_every_command_says_the_same(
    shop: Shop, command: list[str], options: dict[str, Any]
) -> None:
    with pytest.raises(CommandError, match="no business “nope”. There is: acme"):
        call_command(*command, business="nope", stdout=io.StringIO(), **options)

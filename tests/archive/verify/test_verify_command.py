"""`manage.py verify_data`: for people and for scripts."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from archive.verify import RULES, Look
from archive.verify.installation import RULES as OF_THE_INSTALLATION
from sales.models import Customer, Sale
from tenants.context import business, unbound
from tests.archive.verify.books import keep_books, tamper
from tests.factories import Shop, make_shop


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output, with nothing bound, as from a shell."""
    output = StringIO()
    with unbound():
        try:
            call_command("verify_data", *arguments, stdout=output)
        except SystemExit as end:
            return int(end.code or 0), output.getvalue()
    return 0, output.getvalue()


@pytest.fixture
def shops(books: Shop) -> Shop:
    """The shop and a rival, both with books."""
    rival = make_shop("rival")
    with business(rival.business):
        keep_books(rival)
    return books


def test_right_books(shops: Shop) -> None:
    code, told = run()
    assert code == 0
    assert told.splitlines() == [
        f"This installation: nothing is wrong ({len(OF_THE_INSTALLATION)} rules).",
        f"Acme: nothing is wrong ({len(RULES)} rules).",
        f"Rival: nothing is wrong ({len(RULES)} rules).",
    ]


def test_wrong_books(shops: Shop) -> None:
    sale = Sale.objects.order_by("pk")[0]
    tamper(f"UPDATE sales_sale SET currency = 'USD' WHERE number = '{sale.number}'", rows=None)
    code, told = run()
    assert code == 1
    assert "Acme: 2 faults, 0 warnings" in told
    assert "Fault: A sale has another currency than the business." in told
    assert f"sales_sale {sale.pk}: currency is USD, expected EUR" in told
    assert "[sale_is_in_the_currency]" in told
    assert "Rival: nothing is wrong" in told


def test_one_business_by_id_address_or_name(shops: Shop) -> None:
    for wanted in (str(shops.business.pk), "acme", "ACME"):
        code, told = run("--business", wanted)
        assert (code, told.count("nothing is wrong")) == (0, 1)
        assert told.startswith("Acme:")


def test_some_rules(shops: Shop) -> None:
    Sale.objects.update(currency="USD")
    assert run("--rule", "chain_is_whole", "--rule", "number_is_unique")[0] == 1
    code, told = run("--rule", "numbers_have_no_gaps", "walls_stand")
    assert code == 0
    assert "Acme: nothing is wrong (1 rule)." in told
    assert "This installation: nothing is wrong (1 rule)." in told


@pytest.mark.parametrize(
    "arguments",
    [("--business", "nowhere"), ("--rule", "no_such_rule"), ("--limit", "-1")],
)
def test_what_cannot_be_asked(shops: Shop, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as refused, unbound():
        call_command("verify_data", *arguments)
    assert refused.value.returncode == 2


def test_a_name_that_two_businesses_have(shops: Shop) -> None:
    shops.business.name = "Rival"
    shops.business.save()
    with pytest.raises(CommandError, match=r"Several.*acme.*rival") as refused, unbound():
        call_command("verify_data", "--business", "rIVAL")
    assert refused.value.returncode == 2


def test_a_database_that_does_not_answer(shops: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(rules: Any, **options: Any) -> None:
        raise OperationalError("no such table: sales_sale\nat line 1")

    monkeypatch.setattr("archive.management.commands.verify_data.verify_installation", broken)
    with unbound(), pytest.raises(CommandError, match=r"read: no such table: sales_sale$") as no:
        call_command("verify_data")
    assert no.value.returncode == 2


def test_for_programs(shops: Shop) -> None:
    tamper(f"UPDATE sales_shift SET difference = 5 WHERE business_id = {shops.business.pk}")
    code, told = run("--json")
    report = json.loads(told)
    assert code == 1
    assert (report["clean"], report["faults"], report["warnings"]) == (False, 1, 0)
    outside, acme, rival = report["reports"]
    assert outside["business"] is None
    assert acme["business"] == {"id": shops.business.pk, "name": "Acme", "slug": "acme"}
    assert rival["faults"] == 0
    (found,) = [one for one in acme["rules"] if one["count"]]
    (finding,) = found["findings"]
    assert found["rule"] == finding["rule"] == "drawer_is_float_and_cash"
    assert (found["level"], found["area"]) == ("fault", "shifts")
    assert finding["table"] == "sales_shift"
    assert (finding["column"], finding["expected"], finding["found"]) == ("difference", "-0.5", "5")


def test_the_list_is_cut_and_the_rest_counted(shops: Shop) -> None:
    Sale.objects.update(currency="USD")
    _code, told = run("--limit", "1", "--rule", "sale_is_in_the_currency", "--business", "acme")
    assert told.count("currency is USD") == 1
    assert "and 2 more" in told
    _code, told = run("--limit", "0", "--rule", "sale_is_in_the_currency", "--business", "acme")
    assert "and 3 more" in told


def test_the_rules_are_shown() -> None:
    code, told = run("--list")
    assert code == 0
    for rule in (*RULES, *OF_THE_INSTALLATION):
        assert f"  {rule.name} ({rule.level}): {rule.says}" in told


def test_a_safe_repair_is_named_and_repairs(shops: Shop) -> None:
    tamper("DELETE FROM inventory_searchword WHERE word = 'mug'", rows=None)
    Customer.objects.update(phone_index="x")
    code, told = run("--business", "acme")
    assert code == 1
    assert "Safe to put right with: manage.py refresh_search --business acme" in told
    output = StringIO()
    with unbound():
        call_command("refresh_search", "--business", "acme", stdout=output)
    assert output.getvalue() == "Acme: 3 products and 1 customers can be found.\n"
    assert run("--business", "acme")[0] == 0


def test_stock_and_sales_have_no_repair() -> None:
    never = {"stock", "documents", "shifts", "numbers", "credit"}
    assert [rule.name for rule in RULES if rule.repair and rule.area in never] == []
    assert [rule.name for rule in RULES if rule.repair]


def test_a_rule_is_asked_of_each_business_alone(shops: Shop) -> None:
    """A look that is bound to one business does not see the other's rows."""
    for one in RULES:
        look = Look(one, limit=5)
        one.check(look)
        assert look.outcome.count == 0, one.name

"""Numbers of older systems and those of our registers keep out of each other's way."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client

from archive.history.importing import SalesRefused, check_sales, import_sales
from archive.models import ImportBatch
from sales.models import Register, Sale
from sales.numbering import is_in_history
from tests.admin.cast import url as admin_url
from tests.factories import Shop, make_shift
from tests.sales.selling import sell

FIELDS = ("number", "code", "quantity", "price", "time")
MAP: dict[str, Any] = {"columns": {name: name for name in FIELDS}}


def table(*numbers: str) -> io.BytesIO:
    rows = [f"{number},MUG-1,1,5.00,2025-01-05 10:30:00" for number in numbers]
    return io.BytesIO("\n".join([",".join(FIELDS), *rows]).encode())


def bring(*numbers: str) -> ImportBatch:
    return import_sales(table(*numbers), name="old.csv", mapping=MAP, options={"location": "HS"})


@pytest.mark.parametrize("number", ["ACM1-000002", "ACM1-V000001", "ACM1-7", "ACM1-1234567"])
def test_a_number_that_a_register_gives_is_a_fault(inside: Shop, number: str) -> None:
    make_shift(inside)
    sell(inside)
    with pytest.raises(SalesRefused, match="1 fault;") as refused:
        bring("77", number)
    (fault,) = refused.value.report.faults.rows
    assert (fault.row, fault.column, fault.value) == (3, "number", number)
    assert "Till 1 gives to its own receipts" in fault.reason
    assert not Sale.objects.filter(register__is_history=True)
    # The till goes on.
    assert [sell(inside).number for _time in range(2)] == ["ACM1-000002", "ACM1-000003"]


def test_a_check_says_so_too(inside: Shop) -> None:
    Register.objects.update(is_active=False)
    report = check_sales(
        table("ACM1-000001"), name="old.csv", mapping=MAP, options={"location": "HS"}
    )
    assert (report.faults.count, report.new.documents) == (1, 0)


def test_other_numbers_come_in(inside: Shop) -> None:
    numbers = ["ACM1", "ACM1-", "ACM1-W1", "ACM1-1a", "ACM10-000001", "acm1-000001", "X-ACM1-1"]
    assert bring(*numbers).report["new"]["documents"] == len(numbers)


def test_no_register_begins_as_the_history_does(owner: Client, inside: Shop) -> None:
    bring("OLD-17", "OLDER-V3", "PLAIN-X", "OLD.1-2")
    sent = {"name": "Till 2", "location": inside.high_street.pk, "is_active": "on"}
    for prefix in ("old", "OLDER"):
        form = owner.post(inside.url("registers/new/"), {**sent, "prefix": prefix}).context["form"]
        assert "begin so" in str(form.errors["prefix"])
    page = inside.url(f"registers/{inside.register.pk}/")
    assert "prefix" in owner.post(page, {**sent, "prefix": "OLD"}).context["form"].errors
    answer: Any = owner.post(admin_url("sales/register/add/"), {**sent, "prefix": "OLD"})
    assert "begin so" in answer.content.decode()
    assert Register.objects.filter(is_history=False).count() == 1
    assert owner.post(inside.url("registers/new/"), {**sent, "prefix": "PLAIN"}).status_code == 302
    assert not is_in_history("OL")


def test_a_register_that_was_there_before_can_still_be_renamed(owner: Client, inside: Shop) -> None:
    bring("OLD-17")
    Register.objects.filter(pk=inside.register.pk).update(prefix="OLD")
    sent = {"name": "Front", "location": inside.high_street.pk, "is_active": "on"}
    page = inside.url(f"registers/{inside.register.pk}/")
    assert owner.post(page, {**sent, "prefix": "OLD"}).status_code == 302


def test_a_register_added_while_the_file_is_read(inside: Shop) -> None:
    def add(done: int, total: int) -> None:
        if done == total:
            Register.objects.get_or_create(name="New", location=inside.high_street, prefix="OLD")

    with pytest.raises(SalesRefused, match="A register was added meanwhile"):
        import_sales(
            table("77", "OLD-17"),
            name="old.csv",
            mapping=MAP,
            options={"location": "HS"},
            progress=add,
        )
    assert not Sale.objects.exists()

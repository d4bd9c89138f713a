"""Sales history at the pages: an account of the lines, in whole or not at all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.test import Client

from archive.models import ImportBatch
from sales.models import Sale
from tests.archive.products.importing_them import contents
from tests.archive.web.files import SALES, checked, html, upload, url
from tests.factories import Shop

HERE: dict[str, Any] = {"kind": "sales", "location": "HS"}


def history() -> Any:
    return Sale.objects.filter(register__is_history=True)


def test_the_account_and_the_import(owner: Client, inside: Shop) -> None:
    batch = checked(owner, inside, SALES, **HERE)
    assert batch.state == "checked"
    text = html(owner, inside, batch)
    assert "21.495" in text and "Import now" in text
    owner.post(url(inside, batch, "apply/"), {"only": "all"})
    batch.refresh_from_db()
    assert batch.state == "applied", batch.job and batch.job.message
    assert sorted(history().values_list("number", flat=True)) == ["1001", "1002"]
    assert history().aggregate(sum=Sum("total"))["sum"] == Decimal("21.495")
    assert "Take it back" in html(owner, inside, batch)


def applied(owner: Client, inside: Shop, data: bytes = SALES, **more: Any) -> ImportBatch:
    batch = checked(owner, inside, data, **{**HERE, **more})
    owner.post(url(inside, batch, "apply/"), {"only": "all"})
    batch.refresh_from_db()
    assert batch.state == "applied", batch.job and batch.job.message
    return batch


def test_taken_back_and_imported_again(owner: Client, inside: Shop) -> None:
    before = contents()
    batch = applied(owner, inside, stock="on")
    owner.post(url(inside, batch, "undo/"))
    batch.refresh_from_db()
    assert (batch.state, batch.undone_by) == ("undone", inside.owner)
    text = html(owner, inside, batch)
    assert "Receipts, stock, products and customers are as they were before it." in text
    assert "Take it back" not in text
    after = contents()
    # The file and the work on it stay.
    assert {name for name in before if before[name] != after[name]} == {
        "StoredFile", "FilePart", "Job",
    }  # fmt: skip
    applied(owner, inside, stock="on")
    assert history().count() == 2


def test_not_taken_back_behind_a_later_import(owner: Client, inside: Shop) -> None:
    first = applied(owner, inside)
    later = applied(owner, inside, SALES.replace(b"\n100", b"\n200"), name="more.csv")
    owner.post(url(inside, first, "undo/"))
    text = html(owner, inside, first)
    assert "“more.csv” was imported after it for High Street" in text
    assert history().count() == 4
    for batch in (later, first):
        owner.post(url(inside, batch, "undo/"))
    assert not history().exists()


def test_a_colleague_and_a_stranger_take_nothing_back(
    owner: Client, manager: Client, stranger: Client, inside: Shop
) -> None:
    batch = applied(owner, inside)
    assert manager.post(url(inside, batch, "undo/")).status_code == 403
    assert stranger.post(url(inside, batch, "undo/")).status_code == 404
    assert owner.get(url(inside, batch, "undo/")).status_code == 405
    assert history().count() == 2


def test_the_same_file_again_changes_nothing(owner: Client, inside: Shop) -> None:
    for _time in range(2):
        batch = checked(owner, inside, SALES, **HERE)
        owner.post(url(inside, batch, "apply/"), {"only": "all"})
    batch = checked(owner, inside, SALES, **HERE)
    assert "would change nothing" in html(owner, inside, batch)
    assert history().count() == 2


def test_a_cell_that_is_wrong_blocks_all(owner: Client, inside: Shop) -> None:
    batch = checked(owner, inside, SALES.replace(b"5.00\n1002", b"five\n1002"), **HERE)
    batch = checked(owner, inside, SALES.replace(b",0.5,", b",half,"), **HERE)
    text = html(owner, inside, batch)
    assert "half" in text and "in whole or not at all" in text and "Import now" not in text
    owner.post(url(inside, batch, "apply/"), {"only": "good"})
    assert not history().exists()


def test_codes_that_the_catalogue_lacks(owner: Client, inside: Shop) -> None:
    data = SALES.replace(b"TEA", b"UNKNOWN")
    batch = checked(owner, inside, data, **HERE)
    text = html(owner, inside, batch)
    assert "UNKNOWN" in text and "Codes that the catalogue lacks" in text
    assert "Import now" not in text
    batch = checked(owner, inside, data, **HERE, create_missing="on")
    assert "Import now" in html(owner, inside, batch)
    owner.post(url(inside, batch, "apply/"), {"only": "all"})
    assert history().count() == 2


def test_columns_that_must_be_there(owner: Client, inside: Shop) -> None:
    answer: Any = upload(owner, inside, b"A,B\n1,2\n", kind="sales")
    answer = owner.post(answer.url, {"check": "1", "c0": "number", "c1": "code", "preset": ""})
    text = answer.content.decode()
    for name in ("quantity", "unit price", "date and time"):
        assert f"Say which column holds the {name}." in text


def test_a_colleague_and_a_stranger(
    owner: Client, manager: Client, stranger: Client, inside: Shop
) -> None:
    batch = checked(owner, inside, SALES, **HERE)
    assert manager.post(url(inside, batch, "apply/")).status_code == 403
    assert stranger.post(url(inside, batch, "apply/")).status_code == 404
    assert not history().exists()


def test_the_file_of_problems_is_whole(owner: Client, inside: Shop) -> None:
    """The page and the report list the first of them, the file has all."""
    rows = "".join(f"{n},MUG-1,Mug,x{n},2026-01-05 10:30:00,5\n" for n in range(1234))
    head = SALES.partition(b"\n")[0] + b"\n"
    batch = checked(owner, inside, head + rows.encode(), **HERE)
    assert (batch.report["fault_count"], len(batch.report["faults"])) == (1234, 200)
    answer: Any = owner.get(url(inside, batch, "problems/"))
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 1235
    assert lines[1].startswith("2,Quantity,x0,") and lines[-1].startswith("1235,Quantity,x1233,")


def test_documents_that_are_refused_are_in_it_too(owner: Client, inside: Shop) -> None:
    rows = "".join(f"{n},MUG-1,Mug,1,2026-01-05 10:30:00,5\n" for n in range(1, 301))
    head = SALES.partition(b"\n")[0].decode() + "\n"
    applied(owner, inside, (head + rows).encode())
    batch = checked(owner, inside, (head + rows.replace(",5\n", ",6\n")).encode(), **HERE)
    assert len(batch.report["refusals"]) == 200
    answer: Any = owner.get(url(inside, batch, "problems/"))
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 301 and all("5 here and 6 in the file" in line for line in lines[1:])


def test_few_problems_stand_in_the_report(owner: Client, inside: Shop) -> None:
    batch = checked(owner, inside, SALES.replace(b",0.5,", b",half,"), **HERE)
    assert batch.report["problems_file"] == ""
    answer = owner.get(url(inside, batch, "problems/"))
    assert "half" in answer.content.decode() and len(answer.content.splitlines()) == 2

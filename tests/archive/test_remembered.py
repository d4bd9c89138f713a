"""What customers were called in older systems moves with them."""

from pathlib import Path
from typing import Any

import pytest

from sales.models import Customer
from tenants.context import business
from tenants.models import Business, ExternalReference
from tests.archive.exports import row
from tests.archive.rich import bring, changed, elsewhere, faults, rich, taken


@pytest.fixture
def file(db: None, tmp_path: Path) -> Path:
    path = tmp_path / "acme.json"
    with elsewhere():
        rich()
        taken(path)
    return path


def names() -> dict[str, str]:
    with business(Business.objects.get()):
        people = {str(one.pk): one.name for one in Customer.objects.all()}
        rows = ExternalReference.objects.filter(source="online-retail", table="customers")
        return {one.external_id: people[one.object_id] for one in rows}


def test_the_customer_is_found_by_the_older_name(file: Path) -> None:
    bring(file)
    assert names() == {"17850": "Carla of acme", "9": "Carla of acme"}
    bring(file)
    assert len(names()) == 2


def test_a_newer_file_brings_newer_names(file: Path) -> None:
    bring(file)

    def more(data: dict[str, Any]) -> None:
        row(data, "customers", 1)["references"].append(["coffee", "1", ""])

    bring(changed(file, more))
    with business(Business.objects.get()):
        assert ExternalReference.objects.get(source="coffee").external_id == "1"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("17850", "is no list"),
        ([["a", "b"]], "holds something else"),
        ([["a", "b", 1]], "is not text"),
        ([["a", "b" * 101, ""]], "is longer than 100"),
        ([["a", "b", ""], ["a", "b", "c"]], "is also that of customer 1"),
        ([["export", "1", ""]], "only our own imports note"),
    ],
)
def test_names_that_are_none(file: Path, wrong: object, reason: str) -> None:
    def spoil(data: dict[str, Any]) -> None:
        row(data, "customers", 1)["references"] = wrong

    assert any(reason in one for one in faults(changed(file, spoil)))
    assert not Business.objects.exists()

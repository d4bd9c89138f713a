"""Sales history in the browser: imported, taken back, imported again, and refused behind a later one."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from sales.models import Sale
from tenants.bulk import long_work
from tests.archive.web.files import SALES
from tests.browser.test_imports import OpenOffice, open_office
from tests.factories import Shop

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]
__all__ = ["open_office"]

LATER = SALES.replace(b"\n100", b"\n200")


def documents() -> int:
    with long_work():
        return int(Sale.objects.count())


@pytest.mark.parametrize("width", [1280, 390])
def test_sales_are_taken_back(open_office: OpenOffice, bound: Shop, width: int) -> None:
    office = open_office(width=width)
    page = office.page

    def bring(name: str, data: bytes) -> None:
        office.open("data/imports/new/sales/")
        upload: Any = {"name": name, "mimeType": "text/csv", "buffer": data}
        page.get_by_label("File").set_input_files(upload)
        office.press("Continue")
        office.heading(name)
        page.get_by_label("Sold at").select_option("HS")
        office.shot("sales-columns")
        office.press("Check the file")
        office.press("Import now")
        expect(page.get_by_text("Imported on")).to_be_visible()

    def take_back() -> None:
        page.get_by_role("link", name="Take it back").click()
        expect(page.get_by_text("Its receipts leave the books")).to_be_visible()
        office.shot("sales-undo-asked")
        office.press("Take it back")

    bring("old.csv", SALES)
    first = page.url
    office.shot("sales-imported")
    bring("more.csv", LATER)
    later = page.url
    assert documents() == 4
    page.goto(first)
    take_back()
    expect(page.get_by_role("alert")).to_contain_text("“more.csv” was imported after it")
    office.shot("sales-undo-refused")
    assert documents() == 4
    page.goto(later)
    take_back()
    expect(page.get_by_text("Receipts, stock, products and customers are as")).to_be_visible()
    office.shot("sales-undone")
    page.goto(first)
    take_back()
    expect(page.get_by_text("Taken back on")).to_be_visible()
    assert documents() == 0
    bring("old.csv", SALES)
    assert documents() == 2

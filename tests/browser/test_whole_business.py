"""A whole business through the browser: a good file, a bad one, and a shop that is not empty."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from playwright.sync_api import expect

from accounts.beginnings import NewPerson, start_business
from accounts.models import User
from inventory.models import Product
from tenants.context import business
from tenants.models import Business
from tests.archive.exports import stalls
from tests.archive.moving import put
from tests.browser.conftest import Server
from tests.browser.test_imports import Office, OpenOffice, Worker, held, open_office, worker
from tests.factories import PASSWORD, Shop

__all__ = ["open_office", "worker"]

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]


@pytest.fixture
def corner(till_shop: Shop) -> Business:
    """A business that was just begun; its owner is nora."""
    nora = NewPerson("corner.nora", PASSWORD, email="nora@example.com", name="Nora")
    made = start_business(name="Corner", slug="corner", owner=nora, location="Corner Street")
    person = User.objects.order_by("-pk")[0]
    person.password = make_password(PASSWORD, hasher="argon2")
    person.save(update_fields=["password"])
    return made


class Moving(Office):
    """The office of the business that somebody moves into."""

    def open(self, path: str) -> None:
        self.page.goto(f"/b/corner/{path}")

    def choose(self, name: str, data: bytes) -> None:
        self.open("data/imports/new/data/")
        upload: Any = {"name": name, "mimeType": "application/json", "buffer": data}
        self.page.get_by_label("File").set_input_files(upload)
        self.press("Continue")
        self.heading(name)


def moving(open_office: OpenOffice, width: int) -> Moving:
    """Signed in as nora, in a browser where nobody else is."""
    office = open_office(width=width)
    office.page.context.clear_cookies()
    office.page.goto("/sign-in/")
    office.page.get_by_label("User name or e-mail").fill("corner.nora")
    office.page.get_by_label("Password").fill(PASSWORD)
    office.press("Sign in")
    expect(office.page).not_to_have_url("/sign-in/")
    return Moving(office.page, office.shop, width)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_good_file_of_two_shops(open_office: OpenOffice, corner: Business, width: int) -> None:
    office = moving(open_office, width)
    page = office.page
    office.open("data/")
    office.shot("whole-home")
    page.get_by_role("link", name="Import a business").click()
    office.heading("Import a business")
    office.shot("whole-upload")
    office.choose("shops.json", json.dumps(stalls()).encode())
    expect(page.get_by_text("The file holds several businesses")).to_be_visible()
    expect(page.get_by_role("button", name="Import now")).to_have_count(0)
    office.shot("whole-choice")
    page.get_by_label("Business of the file").select_option("1")
    office.press("Look at this one")
    expect(page.get_by_text("Nothing is wrong with this file")).to_be_visible()
    expect(page.get_by_text("come in without passwords")).to_be_visible()
    office.shot("whole-preview")
    office.press("Import now")
    expect(page.get_by_text("Imported on")).to_be_visible()
    # The header bears the new name at once.
    expect(page.get_by_text("Ada's Stall").first).to_be_attached()
    office.shot("whole-result")
    with business(corner):
        assert Product.objects.count() == 5
    page.reload()
    expect(page.get_by_role("link", name="Take it back")).to_have_count(0)
    office.open("data/imports/")
    expect(page.get_by_text("Whole business")).to_be_visible()
    office.open("products/")
    expect(page.get_by_text("Scarf").first).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_bad_file(open_office: OpenOffice, corner: Business, width: int) -> None:
    office = moving(open_office, width)
    export = stalls()
    for change in (
        put("products", 1, sellingPrice="twelve"),
        put("stock", 1, qtyAvailable="NaN"),
        put("users", 2, roles=[]),
    ):
        change(export)
    office.choose("bad.json", json.dumps(export).encode())
    page = office.page
    expect(page.get_by_text("All of it comes in or nothing")).to_be_visible()
    expect(page.get_by_text("is not a finite number")).to_be_visible()
    office.shot("whole-bad")
    with page.expect_download() as download:
        page.get_by_role("link", name="All problems as CSV").click()
    assert download.value.suggested_filename.startswith("problems-")
    office.choose("list.json", b"Name,Price\nTeapot,4.99\n")
    expect(page.get_by_text("does not begin like JSON")).to_be_visible()
    office.shot("whole-no-export")
    with business(corner):
        assert not Product.objects.exists()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_shop_that_is_not_empty(open_office: OpenOffice, width: int) -> None:
    office = open_office(width=width)
    office.open("data/imports/new/data/")
    expect(office.page.get_by_text("comes into an empty one")).to_be_visible()
    expect(office.page.get_by_label("File")).to_have_count(0)
    office.shot("whole-not-empty")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_large_file_waits_is_cancelled_and_comes_in(
    open_office: OpenOffice, corner: Business, server: Server, worker: Worker, width: int
) -> None:
    office = moving(open_office, width)
    export = stalls()
    pot = next(one for one in export["products"] if one["id"] == 1)
    one = next(row for row in export["productVariations"] if row["productId"] == 1)
    for number in range(1000, 9000):
        code = f"P{number}"
        export["products"].append({**pot, "id": number, "sku": code, "name": f"Pot {number}"})
        export["productVariations"].append(
            {**one, "id": number, "productId": number, "sku": code, "subSku": code}
        )
    data = json.dumps(export).encode()
    page = office.page
    office.choose("large.json", data)
    expect(page.get_by_text("Waiting for its turn")).to_be_visible()
    worker()
    page.get_by_label("Business of the file").select_option("1")
    office.press("Look at this one")
    expect(page.get_by_role("button", name="Import now")).to_be_visible(timeout=600_000)
    with held(server):
        office.press("Import now")
        expect(page.locator(".job-figures")).to_be_visible()
        office.shot("whole-progress")
        office.press("Cancel")
        expect(page.get_by_text("Stopping…")).to_be_visible()
    expect(page.get_by_text("Cancelled. Nothing was changed.")).to_be_visible(timeout=600_000)
    with business(corner):
        assert not Product.objects.exists()
    office.press("Import now")
    expect(page.get_by_text("Imported on")).to_be_visible(timeout=600_000)
    with business(corner):
        assert Product.objects.count() == 8005

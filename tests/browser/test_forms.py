"""Forms of the back office, as they behave while somebody types."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenTill
from tests.factories import Shop

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]


def test_choosing_the_location_leaves_the_search_alone(
    open_till: OpenTill, till_shop: Shop
) -> None:
    page = open_till("owner").page
    page.goto(till_shop.url("corrections/new/"))
    held: list[Route] = []

    def hold(route: Route) -> None:
        """The answer to the choice comes after the words; everything else at once."""
        if "look" in (route.request.post_data or "") and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/corrections/new/", hold)
    with page.expect_request(lambda request: "look" in (request.post_data or "")):
        page.get_by_label("Location").select_option(index=1)
    search = page.get_by_role("searchbox", name="Search by name, SKU or barcode")
    search.press_sequentially("Blue mug")
    with page.expect_response("**/corrections/new/"):
        for route in held:
            route.continue_()
    page.get_by_role("button", name="Blue mug").click()
    expect(page.get_by_label("Change of Blue mug")).to_be_focused()


def test_the_first_field_to_mend_has_the_focus(open_till: OpenTill, till_shop: Shop) -> None:
    page = open_till("owner").page
    page.goto(till_shop.url("suppliers/new/"))
    page.get_by_label("Name", exact=True).fill("Mugs & Co")
    page.get_by_label("Days to pay").fill("9999")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Days to pay")).to_be_focused()
    expect(page.get_by_text("less than or equal to 365")).to_be_in_viewport()

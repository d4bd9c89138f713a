"""The till as a person works it: what there is to see and to press."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from inventory.models import StockLevel, Variation
from tests.factories import PASSWORD, Shop

SCREENSHOTS = Path(__file__).resolve().parents[2] / "var/screenshots"
MUG = "5901234123457"


def stock(variation: Variation) -> Decimal:
    """How much there is, in the bound business."""
    level: StockLevel = StockLevel.objects.get(variation=variation)
    return level.quantity


class Till:
    """A page of the till, for one person. What it expects, it waits for."""

    def __init__(self, page: Page, shop: Shop) -> None:
        self.page = page
        self.shop = shop
        width = page.viewport_size["width"] if page.viewport_size else 0
        self.phone = width < 768
        self._keys = page.context.new_cdp_session(page)
        self._name, self._shots = f"till-{width}", 0

    # -- arriving ---------------------------------------------------------------------------------

    def sign_in(self, who: str) -> None:
        self.page.goto(self.shop.url("till/"))
        self.page.get_by_label("User name").fill(f"{self.shop.business.slug}.{who}")
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page).not_to_have_url(re.compile("/sign-in/"))

    def open_shift(self, float_: str = "50") -> None:
        self.page.get_by_label("Cash in the drawer").fill(float_)
        self.page.keyboard.press("Enter")
        self.ready()

    def ready(self) -> None:
        expect(self.field).to_be_focused()

    # -- the screen -------------------------------------------------------------------------------

    @property
    def field(self) -> Locator:
        return self.page.get_by_role("combobox", name="Scan or search products")

    @property
    def lines(self) -> Locator:
        """The lines, without the scans that are still being looked up."""
        return self.page.locator(".line:not(.pending)")

    @property
    def total(self) -> Locator:
        return self.page.locator(".paybar output" if self.phone else ".total output")

    @property
    def alert(self) -> Locator:
        return self.page.locator(".notice")

    @property
    def change(self) -> Locator:
        return self.page.locator("[data-change]")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def quantity(self, name: str, quantity: str) -> Locator:
        """The line of that product with that quantity."""
        return self.lines.get_by_role("button", name=f"Quantity of {name}: {quantity}", exact=True)

    def copied(self, items: int) -> None:
        """Wait until the till has its own copy of the catalogue, of so many items."""
        ready = self.page.locator(".till-head > [data-catalogue=ready]")
        expect(ready).to_have_text(re.compile(rf"Catalogue of .+, {items:,} items"))

    def poll(self) -> None:
        """Have the till ask what is new in the catalogue; returns when it has it."""
        self.evaluate("() => import('till/catalogue').then(({ poll }) => poll())")

    # -- the hands --------------------------------------------------------------------------------

    def scan(self, *codes: str) -> None:
        """As a scanner does it: a key each 5 ms, and Enter.

        The browser is told when each key was pressed: a busy machine sends them more slowly.
        """
        for code in codes:
            now = time.time()
            for number, key in enumerate(code):
                event = {"key": key, "timestamp": now + number * 0.005}
                self._keys.send("Input.dispatchKeyEvent", {**event, "type": "keyDown", "text": key})
                self._keys.send("Input.dispatchKeyEvent", {**event, "type": "keyUp"})
            self.page.keyboard.press("Enter")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def pay_exact(self) -> None:
        self.press("F9")
        expect(self.page.locator(".complete:not([aria-busy])")).to_be_visible()
        # The keys go there from now on; a cashier is slower than the browser, a test is not.
        expect(self.page.get_by_label("Cash given")).to_be_focused()
        self.press("Enter")

    def menu(self, entry: str) -> None:
        self.page.locator("summary[aria-label=Menu]").click()
        self.page.get_by_role("button", name=entry).click()

    def outbox(self) -> Locator:
        return self.page.get_by_role("button", name="To be sent:")

    def shot(self, step: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self._shots += 1
        name = f"{self._name}-{self._shots:02d}-{step}.png"
        self.page.screenshot(path=SCREENSHOTS / name, animations="disabled")

    def fits(self) -> bool:
        """Whether nothing stands beyond the right edge."""
        script = "() => document.scrollingElement.scrollWidth <= window.innerWidth"
        return bool(self.page.evaluate(script))

    def evaluate(self, script: str) -> Any:
        return self.page.evaluate(script)

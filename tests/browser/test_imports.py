"""Bringing products in through the browser: a good file, a bad one, and one that is half good."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from archive.models import ImportBatch, Job
from inventory.models import Product
from tests.archive.web.files import BAD, GOOD, HALF
from tests.browser.conftest import PATIENCE, ROOT, Server, Watch
from tests.factories import PASSWORD, Shop

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]

OpenOffice = Callable[..., "Office"]
Worker = Callable[[], subprocess.Popen[bytes]]


class Office:
    """The back office in a browser of its own."""

    def __init__(self, page: Page, shop: Shop, width: int) -> None:
        self.page, self.shop, self.width = page, shop, width

    def sign_in(self, who: str) -> None:
        self.page.goto("/sign-in/")
        self.page.get_by_label("User name or e-mail").fill(f"{self.shop.business.slug}.{who}")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page).not_to_have_url("/sign-in/")

    def open(self, path: str) -> None:
        self.page.goto(self.shop.url(path))

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).last.click()

    def heading(self, name: str) -> None:
        expect(self.page.get_by_role("heading", name=name, exact=False).first).to_be_visible()

    def shot(self, name: str) -> None:
        self.page.wait_for_load_state("networkidle")
        # Nothing may stick out to the side. A phone makes the window as wide as what does.
        wide = self.page.evaluate("document.documentElement.scrollWidth") - self.width
        assert wide <= 0, f"{name} is {wide} px too wide at {self.width}"
        path = f"var/screenshots/import-{self.width}-{name}.png"
        self.page.screenshot(path=path, full_page=True)

    def bring(self, name: str, data: bytes) -> None:
        self.open("data/imports/new/products/")
        upload: Any = {"name": name, "mimeType": "text/csv", "buffer": data}
        self.page.get_by_label("File").set_input_files(upload)
        self.press("Continue")
        self.heading(name)

    def check(self) -> None:
        self.page.get_by_label("Stock without a location").select_option("HS")
        self.press("Check the file")


@pytest.fixture
def open_office(chromium: Browser, server: Server, till_shop: Shop) -> Iterator[OpenOffice]:
    """`open_office("owner", width=390)`; the test fails when a page logged an error."""
    watch = Watch()
    contexts: list[BrowserContext] = []

    def opener(who: str = "owner", *, width: int = 1280) -> Office:
        phone = width < 768
        context = chromium.new_context(
            viewport={"width": width, "height": 844 if phone else 800},
            has_touch=phone,
            is_mobile=phone,
            base_url=server.url,
        )
        context.set_default_timeout(PATIENCE)
        watch.over(context)
        contexts.append(context)
        office = Office(context.new_page(), till_shop, width)
        office.sign_in(who)
        return office

    yield opener
    for context in contexts:
        context.close()
    assert watch.problems == []


@pytest.fixture
def worker(server: Server) -> Iterator[Worker]:
    """Starts `run_jobs --watch` beside the server, as `make run` does."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.browser.held_worker", str(hold_of(server))]
        quiet = subprocess.DEVNULL
        started.append(subprocess.Popen(command, cwd=ROOT, env=server.environment, stdout=quiet))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.wait(300)


def hold_of(server: Server) -> Path:
    """The file that holds the worker up while it is there."""
    return Path(server.environment["VAR_DIR"]) / "hold"


@contextmanager
def held(server: Server) -> Iterator[None]:
    """What is asked for in the block stands still once it can tell how far it is, so that a page on
    the fastest machine has the time to show it; afterwards it goes on."""
    hold = hold_of(server)
    hold.touch()
    try:
        yield
    finally:
        hold.unlink()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_good_file_and_taking_it_back(open_office: OpenOffice, bound: Shop, width: int) -> None:
    office = open_office(width=width)
    page = office.page
    office.open("data/")
    office.shot("home-empty")
    page.get_by_role("link", name="Import products").click()
    office.heading("Import products")
    office.shot("upload")
    office.bring("good.csv", GOOD)
    office.shot("good-columns")
    office.check()
    expect(page.get_by_text("Nothing is wrong with this file")).to_be_visible()
    expect(page.locator(".before", has_text="5").first).to_be_visible()
    office.shot("good-preview")
    assert Product.objects.count() == 3
    office.press("Import now")
    expect(page.get_by_text("Imported on")).to_be_visible()
    office.shot("good-result")
    assert Product.objects.count() == 5
    page.get_by_role("link", name="Take it back").click()
    expect(page.get_by_role("heading", name="Take this import back?")).to_be_visible()
    page.wait_for_timeout(200)
    page.screenshot(path=f"var/screenshots/import-{width}-undo.png")
    page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Taken back on")).to_be_visible()
    office.shot("undone")
    assert Product.objects.count() == 3
    office.open("data/")
    office.shot("home")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_half_good_file(open_office: OpenOffice, bound: Shop, width: int) -> None:
    office = open_office(width=width)
    page = office.page
    office.bring("half.csv", HALF)
    office.check()
    expect(page.get_by_text("is not a number")).to_be_visible()
    office.shot("half-preview")
    with page.expect_download() as download:
        page.get_by_role("link", name="All problems as CSV").click()
    assert "twelve" in Path(download.value.path()).read_text("utf-8-sig")
    office.press("Import the 3 good ones")
    expect(page.get_by_text("Imported on")).to_be_visible()
    office.shot("half-result")
    assert not Product.objects.filter(name="Sugar bowl").exists()
    assert Product.objects.count() == 5


@pytest.mark.parametrize("width", [1280, 390])
def test_a_bad_file(open_office: OpenOffice, bound: Shop, width: int) -> None:
    office = open_office(width=width)
    page = office.page
    office.open("data/imports/new/products/")
    picture: Any = {"name": "cat.csv", "mimeType": "text/csv", "buffer": b"\x89PNG\r\n\x1a\n\0\0"}
    page.get_by_label("File").set_input_files(picture)
    office.press("Continue")
    expect(page.locator(".field-error")).to_contain_text("cat.csv")
    office.shot("bad-refused")
    office.bring("bad.csv", BAD)
    page.locator("#id_c0").select_option("")
    page.locator("#id_c1").select_option("")
    office.check()
    expect(page.get_by_text("None of the columns is a name")).to_be_visible()
    office.shot("bad-columns")
    page.locator("#id_c0").select_option("name")
    office.check()
    expect(page.get_by_text("Nothing in this file can be imported")).to_be_visible()
    office.shot("bad-preview")
    page.get_by_role("link", name="Discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(page.get_by_text("was discarded")).to_be_visible()
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_large_file_survives_a_reload(
    open_office: OpenOffice, bound: Shop, server: Server, worker: Worker, width: int
) -> None:
    """Its work waits, shows how far it is, and goes on while the page is loaded again."""
    office = open_office(width=width)
    page = office.page
    rows = (f"Thing {n},SKU-{n},{n % 90 + 1}.50,{n % 7}".encode() for n in range(12_000))
    office.bring("large.csv", b"Name,SKU,Price,Stock\n" + b"\n".join(rows))
    office.check()
    expect(page.locator("progress")).to_be_visible()
    expect(page.get_by_text("Waiting for its turn")).to_be_visible()
    office.page.screenshot(path=f"var/screenshots/import-{width}-waiting.png")
    worker()
    expect(page.get_by_text("12,000").first).to_be_visible(timeout=600_000)
    with held(server):
        office.press("Import now")
        expect(page.locator(".job-figures")).to_be_visible()
        office.page.screenshot(path=f"var/screenshots/import-{width}-progress.png")
        page.reload()
        expect(page.locator(".job-figures")).to_be_visible()
    expect(page.get_by_text("Imported on")).to_be_visible(timeout=600_000)
    assert Product.objects.count() == 12_003
    assert not Job.objects.exclude(state="done").exists()


@pytest.mark.parametrize("width", [1280, 390])
def test_taking_data_out_and_checking_the_books(
    open_office: OpenOffice, bound: Shop, worker: Worker, width: int
) -> None:
    worker()
    office = open_office(width=width)
    page = office.page
    office.open("data/")
    office.press("Make the file")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith(".json.gz")
    office.shot("export")
    office.open("data/")
    office.press("Check now")
    expect(page.get_by_text("The books are right")).to_be_visible()
    office.shot("books")


def test_the_keyboard_alone(open_office: OpenOffice, bound: Shop) -> None:
    office = open_office()
    page = office.page
    office.bring("good.csv", GOOD)
    page.get_by_label("Stock without a location").focus()
    page.keyboard.type("High")
    # Enter checks the file, whichever field it is pressed in.
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is wrong with this file")).to_be_visible()
    page.get_by_role("button", name="Import now").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Imported on")).to_be_visible()

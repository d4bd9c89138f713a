"""Take the pictures of docs/images/ from a fresh demo: `python -m scripts.screenshots`.

The demo lives in a folder that is thrown away afterwards; var/ is not touched.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from scripts.system import ROOT, chromium, say

IMAGES: Final = ROOT / "docs/images"
PASSWORD: Final = "tillbook-demo"
SIZE: Final = ViewportSize(width=1280, height=800)
MANAGE: Final = [sys.executable, str(ROOT / "manage.py")]
SERVER: Final = [sys.executable, "-m", "gunicorn", "pos.wsgi:application", "--threads", "4"]
#: What lies on the counter: codes of the demo's High Street, one of them twice.
CODES: Final = (
    "2010000005675",
    "2010000001585",
    "2010000002407",
    "2010000005675",
    "2010000000267",
    "2010000005064",
)


def _start(port: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    for command in (["collectstatic", "--noinput"], ["migrate", "--noinput"], ["demo"]):
        quiet = ["--verbosity", "0"] if command != ["demo"] else []
        subprocess.run(
            [*MANAGE, *command, *quiet], env=environment, check=True, stdout=subprocess.DEVNULL
        )
    process = subprocess.Popen(
        [*SERVER, "--bind", f"127.0.0.1:{port}", "--log-level", "warning"],
        env=environment,
        cwd=ROOT,
    )
    patience = time.monotonic() + 30
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health/", timeout=5):
                return process
        except (URLError, ConnectionError):
            if process.poll() is not None or time.monotonic() > patience:
                process.terminate()
                raise SystemExit("The server does not answer; its words stand above.") from None
            time.sleep(0.1)


def _sign_in(page: Page, address: str, who: str) -> None:
    page.goto(address)
    page.get_by_label("User name").fill(who)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _keep(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / name, animations="disabled")
    say(f"docs/images/{name}: {(IMAGES / name).stat().st_size // 1024} kB")


def _till(page: Page, base: str) -> None:
    _sign_in(page, f"{base}/b/hedgerow/till/", "casey")
    page.get_by_role("button", name="Till 1").click()
    page.get_by_label("Cash in the drawer").fill("100")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Scan or search products")).to_be_focused()
    lines = page.locator(".line:not(.pending)")
    for code in CODES:
        page.keyboard.type(code)
        page.keyboard.press("Enter")
    expect(lines).to_have_count(len(set(CODES)))
    page.keyboard.press("F7")
    page.get_by_role("dialog").get_by_role("button", name="10%").click()
    page.get_by_role("dialog").get_by_role("button", name="Apply").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    _keep(page, "till.png")


def _office(page: Page, base: str) -> None:
    _sign_in(page, f"{base}/b/hedgerow/", "olive")
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    _keep(page, "dashboard.png")
    page.goto(f"{base}/b/hedgerow/products/?q=hanging+heart+t-light+holder")
    page.locator(".table .row-link").first.click()
    expect(page.get_by_role("heading", name="Latest movements")).to_be_visible()
    _keep(page, "product.png")


def main() -> None:
    """Make the demo, take the pictures, and leave nothing else behind."""
    browser_path = os.environ.get("CHROMIUM_PATH") or chromium()
    IMAGES.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        database = f"sqlite:///{Path(folder) / 'demo.sqlite3'}"
        server = _start(port, {**os.environ, "VAR_DIR": folder, "DATABASE_URL": database})
        # As root, which containers are, Chromium starts without its sandbox only.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        try:
            browser = playwright.chromium.launch(executable_path=browser_path, args=arguments)
            for take in (_till, _office):
                page = browser.new_page(viewport=SIZE, locale="en-GB")
                take(page, f"http://127.0.0.1:{port}")
            browser.close()
        finally:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    main()

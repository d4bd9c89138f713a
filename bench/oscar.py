"""django-oscar under measurement: installed in a virtual environment of its own, served alike.

Same Python, same gunicorn settings, same PostgreSQL behind the same pooler. `bench/peer/` is what
runs there.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.cluster import PEER
from bench.load import Work, request
from bench.product import LINES, served
from scripts.cluster import OWNER, Cluster
from scripts.system import ROOT, VAR, say

FOLDER = VAR / "bench" / "peer"
REQUIREMENTS = ROOT / "bench" / "peer" / "requirements.txt"
PYTHON = FOLDER / "bin" / "python"


def install() -> None:
    """Make the environment hold what bench/peer/requirements.txt locks; instant when it does.

    Raises subprocess.CalledProcessError, and leaves nothing that would be taken for whole.
    """
    stamp, wanted = FOLDER / ".installed", hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    say("Installing django-oscar into var/bench/peer (once)")
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
    subprocess.run(
        [str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input",
         "install", "--require-hashes", "-r", str(REQUIREMENTS)],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    stamp.write_text(wanted)


class Oscar:
    """A shop with so many products, each with stock, named SKU000001 and so on."""

    def __init__(self, cluster: Cluster, products: int) -> None:
        self.cluster, self.products = cluster, products
        # Nothing of ours: DATABASE_URL and the like mean nothing there.
        self.variables = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": os.environ.get("HOME", "/"),
            "LC_ALL": "C.UTF-8",
            "DJANGO_SETTINGS_MODULE": "bench.peer.settings",
            "PEER_SECRET": secrets.token_hex(),
            "PEER_DATABASE": PEER,
            "PEER_USER": OWNER,
            "PEER_PASSWORD": cluster.passwords[OWNER],
            "PEER_PORT": str(cluster.port),
        }

    def fill(self) -> None:
        for arguments in (
            ["migrate", "-v0"],
            ["shell", "-c", _FIRST],
        ):
            subprocess.run(
                [str(PYTHON), "-W", "ignore", "-m", "django", *arguments], cwd=ROOT, check=True,
                env=self.variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        text = (ROOT / "bench" / "peer" / "fill.sql").read_text()
        with psycopg.connect(self.cluster.url(OWNER, database=PEER), autocommit=True) as owner:
            owner.execute(text.replace(":count", str(self.products)))

    @contextmanager
    def served(self, folder: Path) -> Iterator[tuple[int, int]]:
        command = [str(PYTHON), "-W", "ignore", "-m", "gunicorn"]
        command += ["-c", "bench/peer/gunicorn_conf.py", "bench.peer.wsgi"]
        pooled = {**self.variables, "PEER_PORT": str(self.cluster.pool_port)}
        with served(
            command, pooled, folder=ROOT, log=folder / "oscar.log", ready="/ready"
        ) as found:
            yield found

    def order(self, terminal: int, terminals: int) -> Work:
        """Orders of five products, the next five each time, of this terminal's share."""
        share, sold = self.products // terminals, 0

        def work() -> bytes:
            nonlocal sold
            first = sold * LINES
            sold += 1
            lines = [f"SKU{1 + terminal * share + (first + n) % share:06d}" for n in range(LINES)]
            return request("POST", "/orders", (), json.dumps({"lines": lines}).encode())

        return work

    def look_up(self, terminal: int) -> Work:
        asked = terminal

        def work() -> bytes:
            nonlocal asked
            asked += 7919
            return request("GET", f"/lookup?sku=SKU{1 + asked % self.products:06d}")

        return work


_FIRST = """
from oscar.core.loading import get_model
get_model("catalogue", "ProductClass").objects.create(
    name="Things", slug="things", requires_shipping=False, track_stock=True)
get_model("partner", "Partner").objects.create(name="Bench", code="bench")
"""

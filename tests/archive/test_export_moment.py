"""An export is of one moment, whatever is sold meanwhile; an import that dies leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest
from django.db import connection, transaction

from archive.exporting.snapshot import at_one_moment
from archive.exporting.writing import export_business
from archive.importing import ImportRefused, import_export
from archive.validation import read_export
from inventory.ledger import correct
from inventory.models import StockDocument
from tenants.context import business
from tenants.models import Business
from tests.archive.exports import stalls, write
from tests.archive.killing import patiently
from tests.archive.moving import everything
from tests.archive.rich import bring, taken
from tests.conftest import ON_POSTGRES, ROOT, empty_database
from tests.factories import Shop, make_shift, make_shop
from tests.sales.selling import sell

Tell = Callable[[int, int], None]


def _while_reading(shop: Shop, disturb: Callable[[], None]) -> Callable[[IO[bytes], Tell], Any]:
    """An export in whose middle, once stock is written and sales are not, something happens."""

    def write(stream: IO[bytes], progress: Tell) -> Any:
        class Watched:
            done = False

            def write(self, data: bytes) -> int:
                if b'"stock"' in data and not self.done:
                    Watched.done = True
                    disturb()
                return stream.write(data)

            def flush(self) -> None:
                stream.flush()

        return export_business(Watched(), secrets=True, progress=progress)  # type: ignore[arg-type]

    return write


@pytest.mark.postgres
def test_what_is_sold_meanwhile_is_not_in_it(
    committed_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.exporting.form.Json._AT_ONCE", 1)
    with transaction.atomic():
        shop = make_shop("acme")
    with business(shop.business), transaction.atomic():
        make_shift(shop)
        sell(shop)

    def disturb() -> None:
        def work() -> None:
            with business(shop.business), transaction.atomic():
                sell(shop)
            connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    # As a job does it: in a transaction that is open, and has read.
    with business(shop.business), transaction.atomic():
        assert Business.objects.exists()
        file, _written = at_one_moment(_while_reading(shop, disturb))
    path = tmp_path / "x.json"
    with file:
        path.write_bytes(file.read())
    data = json.loads(path.read_bytes())
    assert len(data["sales"]) == 1 and data["registers"][0]["saleCounter"] == 1
    export = read_export(path)
    assert export.faults == []
    # The sale that disturbed is there, so that the test could have failed.
    assert len(json.loads(taken(tmp_path / "later.json"))["sales"]) == 2


@pytest.mark.django_db
def test_who_waits_can_end_it(inside: Shop) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        at_one_moment(
            lambda stream, tell: export_business(stream, secrets=True, progress=tell), progress=stop
        )
    with transaction.atomic():  # and the connection still works
        correct(
            actor=inside.owner,
            location=inside.high_street,
            reason=StockDocument.Reason.FOUND,
            changes={inside.mug.pk: 1},  # type: ignore[dict-item]
        )


def test_two_imports_of_one_file_at_once(committed_db: None, tmp_path: Path) -> None:
    """One comes in; the other waits and changes nothing, or is refused."""
    export = read_export(write(tmp_path, stalls()))
    results: list[Any] = []
    together = threading.Barrier(2)

    def work() -> None:
        together.wait()
        try:
            results.append([one.created for one in import_export(export)])
        except ImportRefused as refused:
            results.append(str(refused))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2 and [True, True] in results
    other = results[1 - results.index([True, True])]
    assert other == [False, False] or "nothing was imported" in other
    assert Business.objects.count() == 2
    assert [one.created for one in import_export(export)] == [False, False]


_KILLED = """
import os, sys
sys.path.insert(0, {root!r})
os.environ["DJANGO_SETTINGS_MODULE"] = "pos.settings"
import django
django.setup()
from django.db import connection
connection.settings_dict.update({settings!r})
from archive.importing import import_export
from archive.validation import read_export

def told(done, total):
    if done >= total * 0.9:
        print("nearly", flush=True)
        sys.stdin.read()

import_export(read_export({path!r}), progress=told)
"""


def test_killed_an_import_leaves_nothing(committed_db: None, tmp_path: Path) -> None:
    """Not with an exception, which cleans up, but at once."""
    bring(write(tmp_path, stalls()))
    taken(tmp_path / "own.json")
    connection.close()
    empty_database()
    before = everything()
    connection.close()
    kept = {k: v for k, v in connection.settings_dict.items() if k in ("NAME", "HOST", "PORT")}
    if ON_POSTGRES:
        kept |= {k: connection.settings_dict[k] for k in ("USER", "PASSWORD")}
    code = _KILLED.format(root=str(ROOT), settings=kept, path=str(tmp_path / "own.json"))
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ),
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == b"nearly\n"
        child.send_signal(signal.SIGKILL)
    assert everything() == before
    moved = patiently(lambda: bring(tmp_path / "own.json"))
    assert [one.created for one in moved] == [True, True]

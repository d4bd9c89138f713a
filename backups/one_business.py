"""One business as it was on an earlier day: out of a backup, and beside what it is today.

The backup is restored into a scratch database, the business is exported from there, and the export
is kept as a file or imported under a new name. What the business is today is not touched.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connections
from django.utils import timezone

from backups import media
from backups.drilling import restored
from backups.errors import BackupError
from backups.manifest import Manifest
from backups.models import BackupRun
from backups.scratch import folder
from backups.stores import Store
from backups.taking import recorded
from tenants.models import Business

_MANAGE = Path(settings.BASE_DIR) / "manage.py"


def export(store: Store, taken: Manifest, *, business: str, to: Path) -> None:
    """Write the export file of one business of this backup. Raises BackupError.

    `business` is its number, its name or the word in its address, at that time. A backup of an
    earlier release is migrated first, in the scratch database.
    """
    if to.exists():
        raise BackupError(f"{to} is there already: name another file.")
    begun = timezone.now()
    with recorded(BackupRun.Kind.RESTORE, begun, name=taken.name, place=store.place) as run:
        run.details = {"business": business}
        with restored(store, taken) as (alias, fetched), folder() as place:
            with fetched.pictures.open("rb") as packed:
                media.unpack(packed, place / "media", taken.pictures)
            media.take_place(place / "media", begun)
            there = _environment(connections[alias].settings_dict, place)
            connections[alias].close()
            _call(["migrate", "--verbosity=0"], there)
            _call(["export_data", str(to.resolve()), "--business", business], there)


def check_free(name: str) -> None:
    """Nobody here is called so. Raises BackupError: an import under the name of an earlier one
    would change that one."""
    if Business.objects.filter(name__iexact=name.strip()).exists():
        raise BackupError(f"There is a business called “{name}” already: choose another name.")


def bring_in(file: Path, *, name: str) -> str:
    """Import an export under a name that is free, as the web server's role would; what was told.

    Raises BackupError, and then nothing was imported.
    """
    own = {key: value for key, value in os.environ.items() if key != "USE_DIRECT_URL"}
    return _call(["import_data", str(file), "--as", name], own)


def _environment(config: dict[str, Any], place: Path) -> dict[str, str]:
    """Ours, with the scratch database and a folder of its own for pictures."""
    if config["ENGINE"].endswith("sqlite3"):
        url = f"sqlite:///{config['NAME']}"
    else:
        host, port = config["HOST"] or "127.0.0.1", config["PORT"] or 5432
        login = f"{quote(config['USER'], safe='')}:{quote(config['PASSWORD'], safe='')}"
        url = f"postgresql://{login}@{host}:{port}/{config['NAME']}"
        mode = config["OPTIONS"].get("sslmode")
        url += f"?sslmode={mode}" if mode else ""
    given = {
        "DATABASE_URL": url,
        "APP_DATABASE_URL": url,
        "DIRECT_URL": url,
        "USE_DIRECT_URL": "1",
        "VAR_DIR": str(place),
        "SECRET_KEY": settings.SECRET_KEY,
        "APP_ENCRYPTION_KEY": ",".join(settings.APP_ENCRYPTION_KEYS),
    }
    # DATABASE_URL_FILE would count before DATABASE_URL, and lead to the living data.
    outdone = {*given, "REPLICA_URL"}
    ours = {name: v for name, v in os.environ.items() if name.removesuffix("_FILE") not in outdone}
    return {**ours, **given}


def _call(words: list[str], environment: dict[str, str]) -> str:
    """Run a command of this program in a process of its own. Raises BackupError."""
    done = subprocess.run(
        [sys.executable, str(_MANAGE), *words],
        env={**environment, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        told = lines[-1].removeprefix("CommandError: ") if lines else "it said nothing"
        # Before its last sentence it lists what is wrong.
        first = f" First of all: {lines[0]}" if len(lines) > 1 else ""
        raise BackupError(f"{words[0]} failed: {told}{first}")
    return done.stdout

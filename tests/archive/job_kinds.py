"""Work for the tests of jobs: it makes brands, and can be watched, held up and broken.

python tests/archive/job_kinds.py run_jobs …     manage.py with these kinds
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import OperationalError, connection

from archive.jobs import Task, job
from inventory.models import Brand
from tenants.errors import Refused

ROOT = Path(__file__).resolve().parents[2]
# manage.py with the kinds of this module.
MANAGE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "pos.settings"
import django
django.setup()
import tests.archive.job_kinds
tests.archive.job_kinds.stay_in_the_middle()
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""


@job("test.brands", label="Labour of the tests")
def make_brands(task: Task) -> dict[str, Any]:
    """Makes `count` brands; tells a file that it `begun`, and waits until the file `go` is there."""
    count = task.options.get("count", 3)
    for number in range(count):
        Brand.objects.create(name=f"Brand {number}")
        task.progress(number + 1, count, "Making brands")
    if begun := task.options.get("begun"):
        Path(begun).touch()
    end = time.monotonic() + 120
    while (go := task.options.get("go")) and not Path(go).exists():
        assert time.monotonic() < end, "nobody lets this job go on"
        time.sleep(0.02)
        task.progress(count, count)
    match task.options.get("then"):
        case "refuse":
            raise Refused("no", "There are enough brands.")
        case "break":
            raise ZeroDivisionError("a secret of the house")
        case "database":
            raise OperationalError("server closed the connection unexpectedly")
    return {"made": count}


def environment(folder: Path) -> dict[str, str]:
    """For a process of its own on the database of this test."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{config['NAME']}"
    else:
        url = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{config['NAME']}"))
    return {
        **os.environ,
        "DATABASE_URL": url,
        "VAR_DIR": str(folder),
        "SECRET_KEY": settings.SECRET_KEY,
        "APP_ENCRYPTION_KEY": ",".join(settings.APP_ENCRYPTION_KEYS),
    }


def stay_in_the_middle() -> None:
    """Where `worker` was told so, a job that has done so much tells of it and goes no further."""
    if "STAY_AT" not in os.environ:
        return
    at, there, parent = int(os.environ["STAY_AT"]), Path(os.environ["STAYS"]), os.getppid()
    progress = Task.progress

    def stay(task: Task, done: int, total: int, stage: str = "") -> None:
        progress(task, done, total, stage)
        while done >= at and os.getppid() == parent:
            there.touch()
            time.sleep(0.02)

    Task.progress = stay  # type: ignore[assignment, method-assign]


def worker(
    folder: Path, *arguments: str, stay_at: int | None = None, stays: Path | None = None
) -> subprocess.Popen[str]:
    """`manage.py run_jobs` in a process of its own, which can be killed; with `stay_at` in the
    middle of its job, once the file `stays` is there."""
    stay = {} if stay_at is None else {"STAY_AT": str(stay_at), "STAYS": str(stays)}
    return subprocess.Popen(
        [sys.executable, "-c", MANAGE, "run_jobs", *arguments],
        cwd=ROOT,
        env={**environment(folder), **stay},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )

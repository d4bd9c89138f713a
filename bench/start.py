"""How soon a new process answers, and what memory a worker keeps for itself after some work.

    python scripts/postgres.py run -- python -m bench.start [--rounds 5] [--requests 3000]
    VAR_DIR=/tmp/start python -m bench.start                on SQLite; the folder must be empty

A start is timed from before the process is made until its first answer is whole, byte code
present: the wall clock, which holds for a quiet machine alone, and the process's own CPU. Memory is
what /proc calls private, clean and dirty, of each gunicorn worker once terminals and people have
asked for `--requests` things in turn.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from bench import capacity

#: Run in the new process; it gets when it was begun, what to ask for, and the headers.
FIRST = """
import json, sys, time
from wsgiref.util import setup_testing_defaults
began, (path, headers) = float(sys.argv[1]), json.loads(sys.argv[2])
from pos.wsgi import application
loaded, said = time.process_time(), []
asked = {"PATH_INFO": path.partition("?")[0], "QUERY_STRING": path.partition("?")[2], **headers}
setup_testing_defaults(asked)
b"".join(application(asked, lambda status, fields: said.append(status)))
assert said == ["200 OK"], said
print(json.dumps({"wall": time.monotonic() - began, "cpu": time.process_time(),
                  "cpu until loaded": loaded, "modules": len(sys.modules)}))
"""
#: What pages and terminals ask for in turn while memory is measured, after a checkout each.
PAGES = ["", "products/", "sales/", "customers/", "stock/", "shifts/", "people/", "products/new/"]


def first_answer(path: str, headers: dict[str, str]) -> dict[str, float]:
    """Seconds until a fresh process has answered, and what it had imported. Raises RuntimeError."""
    fields = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()}
    command = [sys.executable, "-c", FIRST, str(time.monotonic()), json.dumps([path, fields])]
    done = subprocess.run(command, cwd=capacity.ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    told: dict[str, float] = json.loads(done.stdout)
    return told


def starts(asked: dict[str, tuple[str, dict[str, str]]], rounds: int) -> dict[str, Any]:
    """The median and the least of each figure, the kinds in turn; the first round is not counted."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in asked}
    for number in range(rounds + 1):
        for name, (path, headers) in asked.items():
            told = first_answer(path, headers)
            if number:
                found[name].append(told)
    return {
        name: {
            figure: {
                "median": round(statistics.median(one[figure] for one in all_), 3),
                "least": round(min(one[figure] for one in all_), 3),
            }
            for figure in all_[0]
        }
        for name, all_ in found.items()
    }


def after_work(
    tills: list[capacity.Till], cookie: str, place: str, requests: int, workers: int
) -> dict[str, Any]:
    """Private megabytes of each worker when it has just begun to answer, and after the work."""
    with capacity.served(workers) as (port, web):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        refused = 0

        def ask(verb: str, path: str, body: str, headers: dict[str, str]) -> None:
            nonlocal refused
            line.request(verb, path, body or None, headers)
            answer = line.getresponse()
            answer.read()
            refused += answer.status not in {200, 201, 302}
            if answer.status >= 500:
                print(answer.status, path, file=sys.stderr)

        halves = []
        for part in range(2):
            for number in range(part * requests // 2, (part + 1) * requests // 2):
                till = tills[number % len(tills)]
                work = (till.checkout, till.look_up, till.search)[number // 2 % 3]
                if number % 2:
                    ask("GET", f"{place}{PAGES[number // 2 % len(PAGES)]}", "", {"Cookie": cookie})
                else:
                    ask(*work(), till.headers())
                if number % 50 == 49:
                    # A kept connection stays with one worker.
                    line.close()
            halves.append(capacity.resident(web))
        return {"halfway": halves[0], "at the end": halves[1], "refused": refused}


def signed_in(slug: str) -> str:
    """A cookie of the owner of a business."""
    from django.db import transaction

    from accounts.models import Membership
    from tenants.context import business
    from tenants.models import Business
    from tests.factories import signed_in as enter

    with business(Business.objects.get(slug=slug)), transaction.atomic():
        owner = Membership.objects.select_related("user").get(role__name="Owner").user
    cookies = enter(owner).cookies
    return "; ".join(f"{name}={one.value}" for name, one in cookies.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    for command in (["migrate", "-v0"], ["setup_roles"], ["collectstatic", "-v0", "--noinput"]):
        if command[0] != "setup_roles" or os.environ.get("DIRECT_URL"):
            subprocess.run([sys.executable, "manage.py", *command], cwd=capacity.ROOT, check=True,
                           stdout=subprocess.DEVNULL)  # fmt: skip
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
    import django

    django.setup()
    tills = capacity.make_tills()
    cookie = signed_in("bench-0")
    asked = {
        "till": (tills[0].look_up()[1], {"Authorization": f"Bearer {tills[0].token}"}),
        "page": ("/b/bench-0/products/", {"Cookie": cookie}),
    }
    found: dict[str, Any] = {"load before": os.getloadavg()[0], "cores": os.cpu_count()}
    found["first answer, seconds"] = starts(asked, options.rounds)
    found["MB private per worker"] = after_work(
        tills, cookie, "/b/bench-0/", options.requests, options.workers
    )
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()

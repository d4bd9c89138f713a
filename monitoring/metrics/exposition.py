"""The text format of Prometheus, version 0.0.4, and every figure that `/metrics` gives in it.

No label names a business, a person or an address: whoever may scrape the platform learns nothing of
a shop, and the number of series does not grow with the number of shops.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from backups import status
from monitoring import deployments
from monitoring.alerts.rules import KINDS
from monitoring.metrics import measuring, pooler, reading
from monitoring.models import BOUNDS_MS, Alert, LastRun

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")

Labels = Mapping[str, str]
Number = int | float


@dataclass(frozen=True)
class Sample:
    """One line: the family's name with `suffix`, labels, a value."""

    value: Number
    labels: Labels
    suffix: str = ""


@dataclass(frozen=True)
class Family:
    """A metric with its meaning; `kind` is counter, gauge or histogram."""

    name: str
    kind: str
    help: str
    samples: list[Sample]


def gauge(name: str, text: str, value: Number | None, **labels: str) -> Family:
    """One value without a history; a family without a sample where it is not known."""
    samples = [] if value is None else [Sample(value, labels)]
    return Family(f"tillbook_{name}", "gauge", text, samples)


def counter(name: str, text: str, samples: Iterable[tuple[Labels, Number]]) -> Family:
    found = [Sample(value, labels) for labels, value in samples]
    return Family(f"tillbook_{name}_total", "counter", text, found)


def render(families: Iterable[Family]) -> str:
    """The text; families without samples are left out. Raises ValueError for an impossible name."""
    return "".join(line + "\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    if not _NAME.match(family.name):
        raise ValueError(f"No name of a metric: {family.name!r}")
    if not family.samples:
        return
    described = family.help.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {family.name} {described}"
    yield f"# TYPE {family.name} {family.kind}"
    for sample in family.samples:
        yield f"{family.name}{sample.suffix}{_labels(sample.labels)} {_number(sample.value)}"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: Number) -> str:
    return str(value) if isinstance(value, int) else f"{value:.9g}"


def everything() -> Iterator[Family]:
    """All families, from the rows that all instances share and from the state of this moment."""
    yield from _requests()
    yield from _work()
    yield from _database()
    yield from _safety()
    labels = measuring.versions()
    yield gauge("build_info", "What runs, in the labels; always 1.", 1, **labels)


def _requests() -> Iterator[Family]:
    rows = reading.totals()
    yield counter(
        "requests",
        "Requests answered, by the name of the route, the method and the status.",
        ((_keys(row), row["count"]) for row in rows),
    )
    yield counter(
        "errors",
        "Requests answered with a status of 500 or more, by the name of the route.",
        ((_keys(row, "route"), n) for row, n in _by_route(rows, errors_of)),
    )
    yield counter(
        "request_statements",
        "Statements that requests sent to the database, by the name of the route.",
        ((_keys(row, "route"), n) for row, n in _by_route(rows, statements_of)),
    )
    yield _histogram(rows)
    yield counter(
        "checkouts",
        "Documents recorded over the till and the API; repeated requests count once.",
        (({"kind": kind}, count) for kind, count in reading.documents().items()),
    )


def errors_of(row: dict[str, Any]) -> int:
    return int(row["count"]) if row["status"] >= 500 else 0


def statements_of(row: dict[str, Any]) -> int:
    return int(row["statements"])


def _keys(row: dict[str, Any], *names: str) -> dict[str, str]:
    return {name: str(row[name]) for name in names or ("route", "method", "status")}


def _by_route(rows: list[dict[str, Any]], value: Any) -> Iterator[tuple[dict[str, Any], int]]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["route"]] = sums.get(row["route"], 0) + value(row)
    yield from (({"route": route}, count) for route, count in sums.items())


def _histogram(rows: list[dict[str, Any]]) -> Family:
    """By route alone: with method and status as well it would be some ten times as many series."""
    routes: dict[str, reading.Traffic] = {}
    for row in rows:
        routes.setdefault(row["route"], reading.Traffic()).add(row)
    samples: list[Sample] = []
    for route, traffic in routes.items():
        so_far = 0
        for bound, count in zip(BOUNDS_MS, traffic.buckets, strict=True):
            so_far += count
            samples.append(Sample(so_far, {"route": route, "le": f"{bound / 1000:g}"}, "_bucket"))
        samples.append(Sample(traffic.count, {"route": route, "le": "+Inf"}, "_bucket"))
        samples.append(Sample(traffic.microseconds / 1_000_000, {"route": route}, "_sum"))
        samples.append(Sample(traffic.count, {"route": route}, "_count"))
    text = "Seconds from the arrival of a request to its answer, by the name of the route."
    return Family("tillbook_request_duration_seconds", "histogram", text, samples)


def _work() -> Iterator[Family]:
    queue = measuring.queue()
    yield Family(
        "tillbook_jobs",
        "gauge",
        "Imports, exports and checks of all businesses, by state; failed ones of the last 24 hours.",
        [
            Sample(queue.waiting, {"state": "waiting"}),
            Sample(queue.running, {"state": "running"}),
            Sample(queue.failed_today, {"state": "failed"}),
        ],
    )
    yield gauge(
        "jobs_oldest_seconds",
        "For how long the oldest job that waits has waited.",
        queue.oldest_seconds,
    )
    yield gauge("sessions", "Sign-ins that have not expired.", measuring.sessions())


def _database() -> Iterator[Family]:
    connections = measuring.connections()
    yield gauge(
        "database_connections",
        "Connections to the PostgreSQL server, of everybody.",
        connections.used if connections else None,
    )
    yield gauge(
        "database_connections_max",
        "Connections that the PostgreSQL server allows to ordinary roles.",
        connections.most if connections else None,
    )
    yield gauge("database_size_bytes", "Size of the database.", measuring.database_bytes())
    yield gauge(
        "database_limit_bytes",
        "How large the database may become, where DATABASE_LIMIT_GB says so.",
        measuring.database_limit_bytes(),
    )
    disk = measuring.disk()
    yield gauge(
        "disk_free_bytes",
        "Free space where VAR_DIR is, on this machine.",
        disk.free if disk else None,
    )
    yield gauge(
        "disk_size_bytes", "Size of the disk where VAR_DIR is.", disk.size if disk else None
    )
    for name, (text, value) in pooler.figures().items():
        yield gauge(f"pooler_{name}", text, value)


def _age(run: status.LastRun | None) -> int | None:
    return int(run.age.total_seconds()) if run else None


def _safety() -> Iterator[Family]:
    good, drill, rehearsed = (
        status.last_backup(good=True),
        status.last_drill(),
        status.last_drill(good=True),
    )
    yield gauge(
        "backup_age_seconds",
        "Age of the data in the last backup that went well.",
        _age(good),
    )
    yield gauge(
        "backup_size_bytes", "Size of the last backup that went well.", good.size if good else None
    )
    yield gauge(
        "restore_drill_age_seconds",
        "Time since a backup was last restored for practice and was whole.",
        _age(rehearsed),
    )
    yield gauge(
        "restore_drill_ok",
        "1 when the last restore drill went well, 0 when it failed.",
        int(drill.is_good) if drill else None,
    )
    last = deployments.last()
    yield gauge(
        "deployment_ok",
        "1 when the last deployment succeeded, 0 when it failed.",
        None if last is None or (last.ok is None and not last.has_failed) else int(bool(last.ok)),
    )
    open_now = set(Alert.objects.filter(resolved_at=None).values_list("kind", flat=True))
    samples = [Sample(int(kind in open_now), {"kind": kind}) for kind in KINDS]
    yield Family("tillbook_alert", "gauge", "1 while this alert is open.", samples)
    now = timezone.now()
    runs = [
        Sample(measuring.seconds_since(run.at, now) or 0, {"name": run.name})
        for run in LastRun.objects.order_by("name")
    ]
    text = "Time since the daily tidying and the evaluation of the alerts were last done."
    yield Family("tillbook_last_run_age_seconds", "gauge", text, runs)

"""Checking the books."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.permissions import Permission
from archive.jobs import Task, job
from archive.verify import verify


@job("books.check", needs=Permission.DATA_EXPORT, label=gettext_lazy("Check of the books"))
def check(task: Task) -> dict[str, Any]:
    report = verify(partial(task.progress, stage=_("Checking the books")))
    found = [
        {
            "says": str(outcome.says),
            "level": str(outcome.level),
            "count": outcome.count,
            "more": outcome.more,
            "findings": [
                {
                    "table": finding.table,
                    "id": finding.row,
                    "column": finding.column,
                    "expected": finding.expected,
                    "found": finding.found,
                    "repair": finding.repair,
                }
                for finding in outcome.findings[:SHOWN]
            ],
        }
        for outcome in report.found
    ]
    return {
        "books": {
            "rules": len(report.outcomes),
            "faults": report.faults,
            "warnings": report.warnings,
            "found": found,
        }
    }


# Findings of each rule that a page shows; the command lists more.
SHOWN = 25

"""A report as text: for an owner, grouped by what is wrong, with the rows that it is wrong with."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from archive.verify.report import Level, Outcome, Report

WIDTH = 96


def lines(report: Report) -> Iterator[str]:
    """The report line by line, without an end of line."""
    name = report.business["name"] if report.business else _("This installation")
    asked = len(report.outcomes)
    if not report.found:
        yield ngettext(
            "%(name)s: nothing is wrong (%(count)d rule).",
            "%(name)s: nothing is wrong (%(count)d rules).",
            asked,
        ) % {"name": name, "count": asked}
        return
    yield _("%(name)s: %(faults)s, %(warnings)s (%(rules)d rules)") % {
        "name": name,
        "faults": ngettext("%d fault", "%d faults", report.faults) % report.faults,
        "warnings": ngettext("%d warning", "%d warnings", report.warnings) % report.warnings,
        "rules": asked,
    }
    for outcome in report.found:
        yield ""
        yield from _outcome(outcome)


def _outcome(outcome: Outcome) -> Iterator[str]:
    kind = _("Warning") if outcome.level is Level.WARNING else _("Fault")
    said = f"{kind}: {outcome.says}"
    yield from textwrap.wrap(said, WIDTH, initial_indent="  ", subsequent_indent="    ")
    yield f"    [{outcome.rule}]"
    for finding in outcome.findings:
        yield "    " + _("%(table)s %(row)s: %(column)s is %(found)s, expected %(expected)s") % {
            "table": finding.table,
            "row": finding.row,
            "column": finding.column,
            "found": finding.found,
            "expected": finding.expected,
        }
    if outcome.more:
        yield "    " + ngettext("and %(count)d more", "and %(count)d more", outcome.more) % {
            "count": outcome.more
        }
    repairs = sorted({one.repair for one in outcome.findings if one.repair})
    for repair in repairs:
        yield "    " + _("Safe to put right with: %(command)s") % {"command": repair}

"""What must hold in the books, whatever was done: one function a rule, one file an area.

`check_books()` is for tests, `verify()` for people: a report of the bound business. Neither writes.
"""

from archive.verify.report import Finding, Level, Outcome, Report
from archive.verify.rules import Look, Rule
from archive.verify.running import BOOKS, LIMIT, RULES, check_books, verify, verify_installation

__all__ = [
    "BOOKS",
    "LIMIT",
    "RULES",
    "Finding",
    "Level",
    "Look",
    "Outcome",
    "Report",
    "Rule",
    "check_books",
    "verify",
    "verify_installation",
]

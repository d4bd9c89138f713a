"""What each kind of import tells the pages: its fields, and how its report is shown.

Backends differ in how they name columns and count rows; the pages know this shape alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.permissions import Permission
from archive.jobs import Task
from archive.models import ImportBatch
from archive.tables import open_table
from tenants.bulk import long_work

Text = str | Promise
Progress = Callable[[int, int], None]

# What a person states about how a table is to be read.
READ = ("encoding", "delimiter", "decimal_comma", "sheet")
# Rows of the file that are shown beside its columns.
SAMPLES = 4


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a column of a file can be."""

    name: str
    label: Text
    group: Text = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One value of one thing: what it is and what it becomes."""

    row: int
    what: str
    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong in one cell, or (without column) in a row; `row` is its number or its key."""

    row: int | str
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Figure:
    label: Text
    value: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    label: Text
    text: Text
    is_number: bool
    is_row: bool


@dataclass(slots=True)
class Listing:
    """A table of a report; `more` rows are not listed. `numbers` are the places of columns that
    hold numbers."""

    title: Text
    columns: Sequence[Text]
    rows: Sequence[Sequence[str]]
    more: int = 0
    numbers: frozenset[int] = frozenset()

    @property
    def head(self) -> list[Cell]:
        return self._cells(self.columns)

    @property
    def cells(self) -> list[list[Cell]]:
        return [self._cells(row) for row in self.rows]

    def _cells(self, row: Sequence[Text]) -> list[Cell]:
        pairs = zip(self.columns, row, strict=True)
        row = _("Row")
        return [
            Cell(label, text, n in self.numbers, label == row)
            for n, (label, text) in enumerate(pairs)
        ]


@dataclass(slots=True)
class Preview:
    """A report as the pages show it.

    `writes` says whether applying would do anything, `blocked` why it cannot be applied as it is,
    `good` and `bad` count what can and what cannot come in; `partial` whether the good may come in
    without the bad.
    """

    figures: list[Figure] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    changes_more: int = 0
    problems: list[Trouble] = field(default_factory=list)
    problem_count: int = 0
    warnings: list[Trouble] = field(default_factory=list)
    warning_count: int = 0
    notes: list[str] = field(default_factory=list)
    writes: bool = True
    blocked: str = ""
    good: int = 0
    bad: int = 0
    partial: bool = False
    #: What of the file comes in where it is one of several: values with labels, and the value.
    choices: list[tuple[str, str]] = field(default_factory=list)
    chosen: str = ""

    #: Whether the report itself lists every problem and warning.
    lists_all: bool = True

    @property
    def is_chosen(self) -> bool:
        return bool(self.chosen or not self.choices)

    @property
    def is_ready(self) -> bool:
        """Whether it can be applied as it is, or without what is bad."""
        if self.blocked or not self.is_chosen:
            return False
        return self.writes and (self.partial or not self.bad)


class Desk(ABC):
    """One kind of import, as the pages and jobs use it. Stateless."""

    kind: ClassVar[str]
    label: ClassVar[Text]
    text: ClassVar[Text]
    action: ClassVar[Text]
    icon: ClassVar[str]
    accept: ClassVar[str] = ".csv,.tsv,.txt,.xlsx,.gz"
    hint: ClassVar[Text] = ""
    #: Whether it has columns that a person tells apart; others are checked at once.
    has_columns: ClassVar[bool] = True
    has_template: ClassVar[bool] = False
    may_undo: ClassVar[bool] = True
    #: What taking it back does, and what is said when it is done.
    undo_text: ClassVar[Text] = ""
    undone_text: ClassVar[Text] = ""
    #: Whether only an owner of the business may use it.
    owners_only: ClassVar[bool] = False
    #: What a member needs besides the right to import: what the import does, they may do by hand.
    needs: ClassVar[tuple[Permission, ...]] = ()

    def needs_for(self, batch: ImportBatch) -> tuple[Permission, ...]:
        """`needs`, and what was chosen for this import needs."""
        return self.needs

    def withholds(self, member: Membership, batch: ImportBatch | None = None) -> list[Permission]:
        """What this member lacks for this desk, or for this import at it."""
        wanted = self.needs if batch is None else self.needs_for(batch)
        return [one for one in wanted if not member.can(one)]

    def hindrance(self) -> str:
        """Why nothing can come in here as the bound business is now; empty when it can."""
        return ""

    @abstractmethod
    def check(self, task: Task, batch: ImportBatch, stream: IO[bytes]) -> dict[str, Any]:
        """The report, as JSON, of what applying would do. Raises Refused."""

    @abstractmethod
    def apply(self, task: Task, batch: ImportBatch, stream: IO[bytes]) -> dict[str, Any]:
        """Do it and give its report. `task.options["only"]` is "all" or "good". Raises Refused."""

    def undo(self, task: Task, batch: ImportBatch) -> None:
        """Take it back. Raises Refused."""
        raise NotImplementedError

    @abstractmethod
    def preview(self, report: Mapping[str, Any], *, member: Membership, done: bool) -> Preview:
        """What this member may see of a report; `done`: of what was imported."""

    def fields(self) -> Sequence[Field]:
        return ()

    def field(self, name: str) -> Field:
        """One that is not in the list, such as a column of a location that is not here."""
        return Field(name, name)

    def presets(self) -> Sequence[tuple[str, Text]]:
        return ()

    def assigned(self, columns: Sequence[str], preset: str = "") -> dict[str, str]:
        """{column: field} by a preset, or by what the columns are called."""
        return {}

    def kept(self, assigned: Mapping[str, str], preset: str) -> dict[str, Any]:
        """A mapping as it is saved, at the pages and by commands: {"preset": …, "columns": {field:
        column, or a list of them}}."""
        columns: dict[str, Any] = {}
        for column, name in assigned.items():
            here = columns.get(name)
            columns[name] = column if here is None else [*_listed(here), column]
        return {"preset": preset, "columns": columns}

    def told(self, mapping: Any) -> dict[str, str]:
        """{column: field} of a mapping that was saved. Raises ValueError, with one sentence for
        the person, where it is none of this desk's."""
        columns = mapping.get("columns") if isinstance(mapping, Mapping) else None
        if not isinstance(columns, Mapping) or set(mapping) - {"preset", "columns"}:
            raise ValueError(_("This is no mapping of columns."))
        if str(mapping.get("preset") or "") not in ("", *(name for name, _label in self.presets())):
            raise ValueError(_("There is no preset “%s”.") % mapping["preset"])
        found = {}
        for name, value in columns.items():
            if not self.knows(str(name)):
                raise ValueError(_("There is no field “%s”.") % name)
            found.update({str(column): str(name) for column in _listed(value) if column})
        return found

    def knows(self, name: str) -> bool:
        """Whether a column can be this; also one that is not in the list now."""
        return any(one.name == name for one in self.fields())

    def preset_of(self, columns: Sequence[str]) -> str:
        """The preset that these columns are recognised as, "" for none."""
        return ""

    def options_form(self, data: Any, initial: Mapping[str, Any]) -> forms.Form:
        return forms.Form(data)

    def may_repeat(self, field: str) -> bool:
        """Whether several columns together may be this field."""
        return False

    def doubled(self, assigned: Mapping[str, str]) -> dict[str, str]:
        """{column: sentence} for columns that are what another one is already."""
        seen: dict[str, str] = {}
        found = {}
        for column, name in assigned.items():
            if name in seen and not self.may_repeat(name):
                found[column] = _("“%(other)s” is this already.") % {"other": seen[name]}
            seen.setdefault(name, column)
        return found

    def faults_of_columns(self, assigned: Mapping[str, str]) -> list[str]:
        """Sentences about columns that are missing or named twice."""
        names = list(assigned.values())
        return [
            _("Say which column holds the %(field)s.") % {"field": str(one.label).lower()}
            for one in self.fields()
            if one.required and one.name not in names
        ]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def look(stream: IO[bytes], name: str, read: Mapping[str, Any]) -> dict[str, Any]:
    """How the table is read, its columns and its first rows, as JSON. Raises TableError.

    A large file takes longer than the database lets a request be idle, so that is lifted.
    """
    stated = {key: read.get(key) for key in READ}
    with long_work():
        table = open_table(stream, name=name, **stated)
        samples = [
            [str(cell)[:80] for cell in cells] for _number, cells in islice(table.rows(), SAMPLES)
        ]
    return {"about": table.about.as_dict(), "columns": table.columns, "samples": samples}

"""Reads a table of products into drafts, one after the other, whatever system wrote it."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from archive.products.cells import Layout, Line
from archive.products.drafts import (
    ERROR,
    WARNING,
    Problem,
    ProductDraft,
    Progress,
    ReadOptions,
    VariationDraft,
)
from archive.products.mapping import ColumnMapping
from archive.products.numbers import IMPLAUSIBLE_VALUE
from archive.products.presets import preset_of
from archive.products.shapes import options as by_options
from archive.products.shapes import parents, piped, plain, square
from archive.tables import Table, TableError

_STEP = 500
_HOPELESS = 5000


def read_drafts(
    table: Table,
    mapping: ColumnMapping,
    options: ReadOptions | None = None,
    progress: Progress | None = None,
) -> Iterator[ProductDraft]:
    """The products of a table in its order; what is wrong with a cell or a row is on its draft.

    Every row that is not blank is on some draft. Memory does not grow with the table but for the
    codes, which are checked for standing twice. Raises TableError where the mapping does not fit
    the table, nearly all of thousands of products are wrong, or the file breaks off.
    """
    complaints = mapping.complaints(table.columns)
    if complaints:
        raise TableError(" ".join(complaints))
    comma = options.decimal_comma if options is not None else None
    layout = Layout(table, mapping.columns, comma)
    within = Within(layout)
    bad = 0
    for count, draft in enumerate(_shaped(table, mapping, layout, progress), 1):
        within.check(draft)
        bad += not draft.is_good
        if bad > _HOPELESS and bad * 10 > count * 9:
            first = next(problem for problem in draft.problems if problem.level == ERROR)
            raise TableError(
                _("Nearly all rows are wrong, so the rest was not read. Is each column the right "
                  "field? %s") % first
            )  # fmt: skip
        yield draft


def _shaped(
    table: Table, mapping: ColumnMapping, layout: Layout, progress: Progress | None
) -> Iterator[ProductDraft]:
    lines = _lines(table, layout, progress)
    shape = preset_of(mapping.preset).shape
    if shape == "options":
        return by_options.read(lines)
    if shape == "parents":
        return parents.read(lines, lambda: _lines(table, layout, None))
    if shape == "piped":
        return piped.read(lines)
    if shape == "square":
        return square.read(lines)
    return plain.read(lines)


def _lines(table: Table, layout: Layout, progress: Progress | None) -> Iterator[Line]:
    total = max(table.about.lines - 1, 0)
    done = 0
    for done, (row, cells) in enumerate(table.rows(), 1):
        if progress is not None and done % _STEP == 0:
            progress(done, max(total, done))
        yield Line(row, cells, layout)
    if progress is not None:
        progress(done, done)


class Within:
    """What drafts of one file say about each other: a code, or a name without one, stands once."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._skus: dict[str, int] = {}
        self._barcodes: dict[str, int] = {}
        self._names: dict[str, int] = {}

    def check(self, draft: ProductDraft) -> None:
        if not draft.is_good:
            return  # its codes stay free: a row that is not taken in stands in the way of none
        has_code = False
        for one in draft.variations:
            if one.sku:
                has_code = True
                self._claim(draft, self._skus, one.sku.casefold(), one.row, "sku", one.sku)
            for code in one.barcodes:
                has_code = True
                self._claim(draft, self._barcodes, code, one.row, "barcode", code)
            self._doubt_value(draft, one)
        if has_code:
            return
        if not draft.name:
            reason = _("has no name, SKU or barcode, so it means no product")
            draft.problems.append(Problem(draft.row, "", draft.reference, reason))
        elif not draft.reference:
            self._claim(draft, self._names, draft.name.casefold(), draft.row, "name", draft.name)

    def _claim(
        self, draft: ProductDraft, taken: dict[str, int], key: str, row: int, field: str, value: str
    ) -> None:
        before = taken.setdefault(key, -row)
        if before == -row:
            taken[key] = row  # a negative number is a claim of this very moment
            return
        reason = _("stands in row %d already") % before
        if field == "name":
            reason = _("stands in row %d already, and no code tells the two apart") % before
        draft.problems.append(Problem(row, self._layout.column(field), value, reason))

    def _doubt_value(self, draft: ProductDraft, one: VariationDraft) -> None:
        value = (one.cost or 0) * max(map(abs, one.stock.values()), default=0)
        if value >= IMPLAUSIBLE_VALUE:
            reason = _("makes this stock worth %s; is it right?") % f"{value:,.0f}"
            column = self._layout.column("cost")
            draft.problems.append(Problem(one.row, column, str(one.cost), reason, WARNING))

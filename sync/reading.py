"""One page of a round: from where a cursor stands to where the copy will stand.

A round begins with what is committed at that moment (`until`) and tells, kind by kind, what has
gone and then what is there, only of what the copy has not seen. A copy that begins with nothing is
told every row instead, in the order of the keys. Each page can be asked for again, and is then as
good: it is read as things are at that time, and whatever changed after the beginning of the round
is told in the next one too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, Q

from inventory.models import StockMovement
from sync import cursors, horizon
from sync.cursors import Cursor
from sync.horizon import Moment
from sync.kinds import Kind
from sync.models import Mark
from sync.rendering import Batch, Place, batch, behind, pieces
from sync.scope import Scope
from tenants.models import Business

PAGE = 5000
# Five megabytes of products. What a page costs beside its rows is as much as a thousand of them.
MOST = 25_000
# A page asks the database a few times and then ends, however many kinds are left.
STATEMENTS = 6

Part = tuple[Kind, bool]
"""A kind, and whether it is its marks that are looked at."""


@dataclass(slots=True)
class Page:
    """`reset` says why the copy begins with nothing, on the first page where it does. `cursor` is
    None where the one that was given stays right: there is nothing new. `with_settings`: the copy
    has others."""

    reset: str
    with_settings: bool
    cursor: Cursor | None = None
    more: bool = False
    rows: dict[str, list[bytes | memoryview]] = field(default_factory=dict)
    removed: dict[str, list[str]] = field(default_factory=dict)

    def tell(self, kind: Kind, found: Batch) -> None:
        if found.count:
            self.rows.setdefault(kind.name, []).append(found.text)


def page(scope: Scope, text: str, *, settings_now: Callable[[], str], limit: int = PAGE) -> Page:
    """The page after this cursor. `settings_now` is asked where a round begins: the fingerprint of
    those that are valid."""
    cursor, reset = _begin(scope, text, horizon.now())
    begins = cursor.phase == 0 and cursor.after is None
    settings = settings_now() if begins else cursor.settings
    found = Page(reset, with_settings=cursor.settings != settings)
    phase, after, left, budget = cursor.phase or 0, cursor.after, limit, STATEMENTS
    parts = _parts(scope, cursor)[phase:]
    waiting = _waiting(scope, parts, cursor)
    for number, part in enumerate(parts, start=phase):
        if part not in waiting:
            continue
        after = after if number == phase else None
        budget -= _cost(part, cursor)
        last = None
        if left > 0 and budget >= 0:
            read, last = _tell(found, scope, part, cursor, after, left)
            left -= read
        if left <= 0 or budget < 0:
            found.cursor, found.more = cursor.at(number, last or after, settings), True
            return found
    nothing = begins and not (reset or found.with_settings or found.rows or found.removed)
    found.cursor = None if nothing and cursor.age < cursors.FRESH else cursor.rest(settings)
    return found


def _begin(scope: Scope, text: str, moment: Moment) -> tuple[Cursor, str]:
    """The cursor to go on from, inside a round, and why a copy begins with nothing here, or ""."""
    asked = cursors.read(text)
    why = _unusable(asked, scope, moment) if text else "new"
    if asked is None or why:
        asked = Cursor(scope.fingerprint, moment.history, None, cursors.seconds())
    if asked.phase is None:
        asked = asked.begun(moment.seen)
    return asked, why


def _unusable(asked: Cursor | None, scope: Scope, moment: Moment) -> str:
    if asked is None:
        return "unknown"
    known = [one.end for one in (asked.seen, asked.until) if one is not None]
    if asked.history != moment.history or max(known) > moment.top:
        return "restored"
    if asked.scope != scope.fingerprint:
        return "access"
    return "expired" if asked.age > cursors.KEPT else ""


def _cost(part: Part, cursor: Cursor) -> int:
    """How many statements a part takes at most."""
    kind, marks = part
    if marks:
        return 3
    return 2 if cursor.seen is not None and kind.log is StockMovement else 1


def _parts(scope: Scope, cursor: Cursor) -> Sequence[Part]:
    if cursor.seen is None:
        return [(kind, False) for kind in scope.kinds]
    # What has gone first: its barcode may be another one's by now.
    return [(kind, marks) for kind in scope.kinds for marks in (True, False)]


def _waiting(scope: Scope, parts: Sequence[Part], cursor: Cursor) -> set[Part]:
    """The parts that have something to tell; in two statements for all."""
    if cursor.seen is None:
        return set(parts)
    if cursor.seen == cursor.until:
        return set()
    marked = set(_marks(scope, cursor).values_list("kind", flat=True).distinct().order_by())
    waiting = {part for part in parts if part[1] and part[0].name in marked}
    logs = [part for part in parts if not part[1] and part[0].log is not None]
    if logs:
        new = [Exists(_logged(scope, kind, cursor)) for kind, _marks_too in logs]
        row = Business.objects.filter(pk=scope.location.business_id).values_list(*new)
        waiting |= {part for part, there in zip(logs, row.get(), strict=True) if there}
    return waiting


def _unseen(cursor: Cursor) -> Q:
    assert cursor.seen is not None and cursor.until is not None
    return cursor.seen.unseen(cursor.until)


def _marks(scope: Scope, cursor: Cursor) -> Any:
    here = Q(location_id=None) | Q(location_id=scope.location.pk)
    return Mark.objects.filter(_unseen(cursor), here, kind__in=[one.name for one in scope.kinds])


def _logged(scope: Scope, kind: Kind, cursor: Cursor) -> Any:
    return kind.logged(scope.location.pk).filter(_unseen(cursor))


def _tell(
    found: Page, scope: Scope, part: Part, cursor: Cursor, after: Place | None, limit: int
) -> tuple[int, Place | None]:
    """Tell up to `limit` of a part; how many were read, and the last of them."""
    kind, marks = part
    if marks:
        return _tell_marked(found, scope, kind, cursor, after, limit)
    if cursor.seen is not None and kind.log is StockMovement:
        return _tell_moved(found, scope, kind, cursor, after, limit)
    if cursor.seen is None:
        rows, by = kind.rows(scope.location.pk), None
    else:
        rows, by = _logged(scope, kind, cursor), "changed"
    read, last = 0, None
    for told in pieces(kind, rows, scope.digits, after=after, limit=limit, by=by):
        found.tell(kind, told)
        read, last = read + told.count, told.last or last
    return read, last


def _tell_marked(
    found: Page, scope: Scope, kind: Kind, cursor: Cursor, after: Place | None, limit: int
) -> tuple[int, Place | None]:
    """What was marked and is there is told as it is; what is not there has gone."""
    marks = _marks(scope, cursor).filter(kind=kind.name)
    read = list(behind(marks, after, "changed").values_list("changed", "pk", "object_id")[:limit])
    ids = {object_id for _changed, _pk, object_id in read}
    rows = kind.rows(scope.location.pk).filter(**{f"{kind.key}__in": ids})
    there = set(rows.values_list(kind.key, flat=True))
    if there:
        _tell_found(found, scope, kind, rows)
    if gone := sorted(str(one) for one in ids - there):
        found.removed.setdefault(kind.name, []).extend(gone)
    return len(read), _last(read)


def _tell_moved(
    found: Page, scope: Scope, kind: Kind, cursor: Cursor, after: Place | None, limit: int
) -> tuple[int, Place | None]:
    """The levels of the movements since, each once."""
    moved = behind(_logged(scope, kind, cursor), after, "changed")
    read = list(moved.values_list("changed", "pk", "level_id")[:limit])
    levels = {level for _changed, _pk, level in read}
    # None where a page ended with the last movement: the next one has nothing of this part.
    if levels:
        _tell_found(found, scope, kind, kind.rows(scope.location.pk).filter(pk__in=levels))
    return len(read), _last(read)


def _tell_found(found: Page, scope: Scope, kind: Kind, rows: Any) -> None:
    found.tell(kind, batch(kind, rows.order_by("pk"), scope.digits))


def _last(read: Sequence[Any]) -> Place | None:
    return (read[-1][0], str(read[-1][1])) if read else None

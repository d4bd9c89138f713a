"""Pages of long lists: the rows of one page and their capped number, in one statement."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import IntegerField, Q, QuerySet, Subquery
from django.http import HttpRequest

from inventory.models import Variation
from inventory.search import inside_words, words
from tenants.asking import asked

PER_PAGE = 50
# Beyond it the exact number helps nobody, and counting costs more than the page.
MOST_COUNTED = 10_000


class _CountOf(Subquery):
    """The number of rows of a query that has its own limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


class Counted(Paginator):  # type: ignore[type-arg]
    """A paginator that was told the number of rows; `capped` when there may be more."""

    def __init__(self, rows: Any, total: int) -> None:
        super().__init__(rows, PER_PAGE)
        self.capped = total > MOST_COUNTED
        self.count = min(total, MOST_COUNTED)


class OnePage(Page):  # type: ignore[type-arg]
    """Knows by a row that was read beyond its end whether another page follows."""

    def __init__(self, rows: list[Any], number: int, paginator: Counted) -> None:
        super().__init__(rows[:PER_PAGE], number, paginator)
        self._more = len(rows) > PER_PAGE

    def has_next(self) -> bool:
        return self._more

    def next_page_number(self) -> int:
        return self.number + 1

    def previous_page_number(self) -> int:
        return self.number - 1

    def end_index(self) -> int:
        return self.start_index() + len(self) - 1


def page_of(queryset: QuerySet[Any], request: HttpRequest) -> OnePage:
    """The page that `?page=` asks for, in one statement; the first one for nonsense.

    A page beyond the end is empty.
    """
    number = _number(request)
    start = (number - 1) * PER_PAGE
    limited = queryset.order_by().values("pk")[: MOST_COUNTED + 1]
    rows = list(queryset.annotate(counted=_CountOf(limited))[start : start + PER_PAGE + 1])
    total = rows[0].counted if rows else 0
    return OnePage(rows, number, Counted(rows, total))


def page_found(queryset: QuerySet[Any], column: str, key: str, request: HttpRequest) -> OnePage:
    """The page of the rows whose variation is found by the words of `?q=`, if it asks for any.

    A row belongs to a variation when its `column` is the variation's `key`. Where no word begins
    so, rows whose variation holds the words inside others; one more statement.
    """
    text = asked(request)
    if not text:
        return page_of(queryset, request)
    # Rows that name the variation itself are found without reading the catalogue.
    begun = words(text, column) if key == "pk" else _of_variations(words(text), column, key)
    for condition in (begun, _of_variations(inside_words(text), column, key)):
        page = page_of(queryset.filter(condition), request)
        if page.object_list:
            break
    return page


def _of_variations(condition: Q, column: str, key: str) -> Q:
    found = Variation.objects.filter(condition).order_by().values(key)
    return Q(**{f"{column}__in": found})


def page_of_list(rows: list[Any], request: HttpRequest) -> OnePage:
    """The same for rows that are in memory already."""
    number = _number(request)
    start = (number - 1) * PER_PAGE
    return OnePage(rows[start : start + PER_PAGE + 1], number, Counted(rows, len(rows)))


def _number(request: HttpRequest) -> int:
    try:
        return min(max(1, int(request.GET.get("page", "1"))), 1_000_000)
    except ValueError:
        return 1

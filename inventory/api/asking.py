"""What the lists of the API can be narrowed down to; nonsense is refused and named."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.access import can, visible_locations
from accounts.bodies import invalid, query_text, query_uuid
from accounts.permissions import Permission
from inventory.api.schema import STATUSES
from inventory.catalogue import tree, with_children
from inventory.models import Category, Variation
from inventory.search import inside_words, with_code, words
from tenants.models import Location


def asked_id(request: Any, name: str) -> uuid.UUID | None:
    text = request.GET.get(name, "")
    return query_uuid(text, name) if text else None


def asked_text(request: Any, name: str) -> str:
    return query_text(request.GET.get(name, ""), name)


def asked_choice(request: Any, name: str, options: tuple[str, ...]) -> str:
    """One of the options, or nothing."""
    text: str = request.GET.get(name, "")
    if text and text not in options:
        invalid(name, _("This must be one of %(names)s.") % {"names": ", ".join(options)})
    return text


def by_status(request: Any, rows: Any) -> Any:
    status = asked_choice(request, "status", STATUSES)
    return rows if status == "all" else rows.filter(is_active=status != "off")


def inside_category(request: Any) -> list[uuid.UUID] | None:
    """The ids of the asked category and of those inside it; None where none is asked for.

    Raises Http404 for one that is not there.
    """
    category = asked_id(request, "category")
    if category is None:
        return None
    inside = with_children(category, tree(Category.objects.only("pk", "name", "parent_id")))
    if not inside:
        raise Http404
    return inside


def found(request: Any, rows: QuerySet[Any], column: str, key: str) -> QuerySet[Any]:
    """The rows whose variation (where `column` is its `key`) is found by `q` or has this `code`."""
    text, code = asked_text(request, "q"), asked_text(request, "code")
    if code:
        found_keys = Variation.objects.filter(pk__in=with_code(code)).order_by().values(key)
        rows = rows.filter(**{f"{column}__in": found_keys})
    if not text:
        return rows
    for condition in _found_by(text, column, key):
        narrowed = rows.filter(condition)
        # The same choice on every page: what decides is whether any row has such words at all.
        if narrowed.exists():
            return narrowed
    return rows.none()


def _found_by(text: str, column: str, key: str) -> Iterator[Q]:
    """By the beginnings of words, then by what stands inside them."""
    if key == "pk":
        yield words(text, column)
    else:
        yield _of_variations(words(text), column, key)
    yield _of_variations(inside_words(text), column, key)


def _of_variations(condition: Q, column: str, key: str) -> Q:
    return Q(**{f"{column}__in": Variation.objects.filter(condition).order_by().values(key)})


def own_location(request: Any) -> uuid.UUID | None:
    """The asked location. Raises Http404 for one that the request may not see."""
    location = asked_id(request, "location")
    if location is not None and not visible_locations(request).filter(pk=location).exists():
        raise Http404
    return location


def places(request: Any) -> list[uuid.UUID]:
    """Ids of the asked location, or of one's own.

    Of any location of the business where all may be seen. Raises Http404 for others.
    """
    location = asked_id(request, "location")
    if location is None:
        return list(visible_locations(request).values_list("pk", flat=True))
    seen = visible_locations(request)
    if can(request, Permission.PRODUCT_VIEW_ALL_BRANCH_STOCK):
        seen = Location.objects.all()
    if not seen.filter(pk=location).exists():
        raise Http404
    return [location]

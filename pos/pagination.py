"""Pages of the API's lists: a cursor that names the last row seen, so nothing is shown twice."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from accounts.bodies import invalid, text_problem


class Pages(CursorPagination):
    """The view sets `ordering` and `page_size`; the client cannot ask for more."""

    page_size_query_param = None

    def decode_cursor(self, request: Request) -> Any:
        cursor = super().decode_cursor(request)
        if cursor is not None and text_problem(str(cursor.position), most=300):
            raise ValueError
        return cursor

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Raises Refused (400) for a cursor that was not made here."""
        try:
            return super().paginate_queryset(queryset, request, view) or []
        except (NotFound, ValidationError, ValueError, OverflowError):
            invalid("cursor", _("Begin again without the cursor."))

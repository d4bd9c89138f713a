"""What every view of the API is made of: strict JSON in, private answers out, pages of lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import get_script_prefix
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from accounts import approvals
from accounts.bodies import Body
from accounts.device_door import demand_place
from accounts.models import Approval, Device, Membership, OperatorSession
from accounts.permissions import Permission
from tenants.addresses import around
from tenants.models import Business

MAX_BODY = 1_000_000
"""Bytes of a request; a sale of a thousand lines has a fifth of it."""


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = _("This request is too large.")


class StrictJSONParser(JSONParser):
    """JSON of a bounded size and depth."""

    most = MAX_BODY

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        content = stream.read(self.most + 1)
        if len(content) > self.most:
            raise TooLarge
        try:
            return super().parse(BytesIO(content), media_type, parser_context)
        except RecursionError as error:
            raise ParseError from error


class BusinessRequest(Request):
    """For types alone: what the middleware has put on every request inside a business."""

    business: Business
    membership: Membership
    device: Device | None
    operator_session: OperatorSession | None
    user: Any


class BusinessView(APIView):
    """A view inside a business. `needs` says for each verb which permissions let in: any of them.

    An empty tuple: being inside is enough. No answer is kept by a cache on the way.
    """

    needs: ClassVar[Mapping[str, Permission | tuple[Permission, ...]]] = {}
    metadata_class = None
    parser_classes = [StrictJSONParser]
    approval: Approval | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Also whether the device's place is switched on, and what a supervisor has approved."""
        inner: Any = request._request
        if getattr(inner, "membership", None) is not None:
            demand_place(inner)
            self.approval = approvals.take(inner)
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if self.approval is not None and response.status_code < 400:
            inner: Any = request._request
            approvals.settle(inner, self.approval, getattr(response, "data", None))
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Cache-Control"] = "private, no-store"
        patch_vary_headers(answer, ["Authorization", "Cookie"])
        return answer

    def page(
        self,
        rows: QuerySet[Any],
        shape: Callable[[Any], dict[str, Any]],
        *,
        ordering: tuple[str, ...],
        size: int,
    ) -> Response:
        """One page of `rows` and the address of the next, which stays right when rows are added."""
        pages: Any = api_settings.DEFAULT_PAGINATION_CLASS
        paginator = pages()
        paginator.ordering, paginator.page_size = ordering, size
        found = paginator.paginate_queryset(rows, self.request, view=self)
        return Response(
            {"results": [shape(row) for row in found], "next": paginator.get_next_link()}
        )


def body_of(request: Request) -> Body:
    """The request's JSON object. Raises ParseError, or Refused at `finish()`."""
    return Body(request.data)


def web_address(request: Any, name: str, key: UUID) -> str:
    """The path of a page of this business, also where a device asks, which stands outside of it."""
    prefix = get_script_prefix()
    before, after = around(name, prefix)
    if request.device is not None:
        before = f"{prefix}b/{request.business.slug}/{before.removeprefix(prefix)}"
    return f"{before}{key}{after}"

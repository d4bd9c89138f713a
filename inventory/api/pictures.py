"""The picture of a product: fetched, put and taken away, as on the product's page."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response

from accounts.bodies import invalid, refuse
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, TooLarge
from inventory import showing
from inventory.api import schema
from inventory.api.products import answer, locked
from inventory.models import Product
from inventory.pictures import redrawn
from inventory.products import save_product

P = Permission

#: What a form may put around a picture.
AROUND = 20_000


def refuse_large(request: Any) -> None:
    """Before anything of the body is read. Raises TooLarge."""
    length = request.META.get("CONTENT_LENGTH") or 0
    if int(length) > settings.PICTURE_LIMIT + AROUND:
        raise TooLarge


class PictureParser(BaseParser):
    """The bytes of a picture, whatever kind it is said to be: `redrawn` looks for itself."""

    media_type = "image/*"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> DataAndFiles[Any, Any]:
        refuse_large(parser_context["request"])
        file = SimpleUploadedFile("picture", stream.read(), "image/*")
        return DataAndFiles({}, {"picture": file})


class PictureFormParser(MultiPartParser):
    """A form with the picture as its file `picture`, as the page sends it."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> DataAndFiles[Any, Any]:
        refuse_large(parser_context["request"])
        try:
            return super().parse(stream, media_type, parser_context)
        except SuspiciousOperation as error:
            raise ParseError from error


class PictureRenderer(BaseRenderer):
    """Says that a picture may be asked for; what tells of errors is JSON all the same."""

    media_type = showing.KIND
    format = ""

    def render(self, data: Any, *args: Any) -> bytes:
        text: bytes = JSONRenderer().render(data)
        return text


_BYTES = {"type": "string", "format": "binary"}
BODY = {
    "image/jpeg": _BYTES,
    "image/png": _BYTES,
    "image/webp": _BYTES,
    "multipart/form-data": {
        "type": "object",
        "properties": {"picture": _BYTES},
        "required": ["picture"],
    },
}


class ProductPictureView(BusinessView):
    needs = {
        "GET": (P.PRODUCT_VIEW, P.SELL_CREATE),
        "PUT": P.PRODUCT_UPDATE,
        "DELETE": P.PRODUCT_UPDATE,
    }
    parser_classes = [PictureParser, PictureFormParser]

    def get_renderers(self) -> list[Any]:
        asked = getattr(self.request, "method", "")
        return [JSONRenderer(), *([PictureRenderer()] if asked in {"GET", "HEAD"} else [])]

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        kept = response.get("Cache-Control")
        found = super().finalize_response(request, response, *args, **kwargs)
        if kept:
            found["Cache-Control"] = kept
        if isinstance(found, Response):
            found.accepted_renderer = JSONRenderer()
            found.accepted_media_type = JSONRenderer.media_type
        return found

    @extend_schema(
        operation_id="product_picture",
        responses={(200, showing.KIND): OpenApiTypes.BINARY, 304: None},
        tags=["Products"],
    )
    def get(self, request: BusinessRequest, product_id: uuid.UUID) -> HttpResponse:
        """The picture of a product, as WebP of at most 1200 pixels wide and high.

        The product's `image` is this address. Keep the picture for a day, then ask with its `ETag`
        whether it is another one; `v` in the address is another as soon as the picture is.
        """
        return showing.picture_answer(request, product_id)

    @extend_schema(
        operation_id="product_picture_put",
        parameters=[schema.IF_MATCH],
        request=BODY,
        responses=schema.ProductShape,
        tags=["Products"],
    )
    def put(self, request: BusinessRequest, product_id: uuid.UUID) -> Response:
        """Give a product a picture, in the place of the one that it has.

        A JPEG, PNG or WebP picture of at most 5 MB (4 MB on Vercel) and 40 million pixels: as the
        body itself, or as the file `picture` of a form. It is drawn anew before it is stored, so
        that nothing else of the file is kept. The same picture again changes nothing.
        """
        picture = _judged(request)
        product = locked(request, product_id)
        if not _is(product, picture):
            save_product(
                actor=request.user,
                product=product,
                rows=(),
                picture=picture,
                device=request.device,
            )
        return answer(request, product_id)

    @extend_schema(
        operation_id="product_picture_remove",
        parameters=[schema.IF_MATCH],
        responses={200: schema.ProductShape},
        tags=["Products"],
    )
    def delete(self, request: BusinessRequest, product_id: uuid.UUID) -> Response:
        """Take the picture of a product away; one that has none stays as it is."""
        product = locked(request, product_id)
        if product.image:
            save_product(
                actor=request.user,
                product=product,
                rows=(),
                remove_picture=True,
                device=request.device,
            )
        return answer(request, product_id)


def _judged(request: BusinessRequest) -> bytes:
    """What is stored of the picture that was sent. Raises Refused with a sentence for it."""
    said = {name: [_("There is no such field.")] for name in (*request.data, *request.FILES)}
    said.pop("picture", None)
    upload = request.FILES.get("picture")
    if upload is None:
        said["picture"] = [_("Send a picture.")]
    refuse(said)
    try:
        return redrawn(upload)
    except ValidationError as error:
        invalid("picture", " ".join(error.messages))


def _is(product: Product, picture: bytes) -> bool:
    """Whether the product has this very picture."""
    if not product.image:
        return False
    try:
        with product.image.open("rb") as file:
            return bool(file.read() == picture)
    except FileNotFoundError:
        return False

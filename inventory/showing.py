"""The picture of a product over HTTP, to whoever may see it: for its page and for the API."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import parse_etags

from accounts.rest import web_address
from inventory.models import Product

#: As all pictures are stored.
KIND = "image/webp"
# A browser or terminal keeps it for a day, and then asks whether it is another one.
KEPT = "private, max-age=86400"


def picture_name(product: Product) -> str:
    """Another one as soon as the picture is another; empty where there is none."""
    return str(product.image.name or "").rpartition("/")[2].removesuffix(".webp")


def picture_address(request: Any, product: Product) -> str | None:
    """The path at which whoever asks gets the picture: a browser on a page, a token in the API."""
    if not product.image:
        return None
    if request.device is None:
        return web_address(request, "product_image", product.pk)
    before, after = around_id()
    # What was kept for a day is not asked for again where there is another one.
    return f"{before}{product.pk}{after}{picture_name(product)[:12]}"


def around_id() -> tuple[str, str]:
    """What stands before and behind a product's id in the address of its picture for a token, up to
    the picture's name."""
    nobody = uuid.UUID(int=0)
    path = reverse("api_product_picture", urlconf=settings.DEVICE_URLCONF, args=[nobody])
    before, after = path.split(str(nobody))
    return before, f"{after}?v="


def picture_answer(request: Any, product_id: uuid.UUID) -> HttpResponse:
    """The picture, or 304 to who has it. Raises Http404."""
    product = get_object_or_404(Product.objects.only("image", "business"), pk=product_id)
    if not product.image:
        raise Http404
    tag = f'"{picture_name(product)}"'
    answer: HttpResponse
    if {tag, f"W/{tag}"} & {*parse_etags(request.headers.get("If-None-Match", ""))}:
        answer = HttpResponseNotModified()
    else:
        try:
            with product.image.open("rb") as file:
                answer = HttpResponse(file.read(), content_type=KIND)
        except FileNotFoundError:
            raise Http404 from None
    answer["ETag"] = tag
    answer["Cache-Control"] = KEPT
    return answer

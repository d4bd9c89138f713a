"""Pictures of products: what may come in, and where they lie.

They are drawn anew before they are stored, so that nothing of the sent file survives: no place
where a photo was taken, and no program that a picture was made to carry.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from inventory.models import Product
from inventory.picture_store import PictureStore

LARGEST_SIDE = 1200
# A small file can unfold into gigabytes; 40 megapixels are more than a telephone takes.
MOST_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")


def most_mb() -> int:
    """How many megabytes the largest picture may have that is taken in."""
    return int(settings.PICTURE_LIMIT) // 1024**2


def redrawn(upload: Any) -> bytes:
    """The picture as WebP, at most 1200 pixels wide and high, upright, without metadata.

    Raises ValidationError for anything but a JPEG, PNG or WebP picture of at most
    settings.PICTURE_LIMIT bytes.
    """
    # A till that only shows pictures never needs it.
    from PIL import Image, ImageOps, UnidentifiedImageError

    if upload.size > settings.PICTURE_LIMIT:
        raise ValidationError(_("The picture is larger than %(most)d MB.") % {"most": most_mb()})
    try:
        with Image.open(upload, formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValidationError(_("The picture has more than 40 million pixels."))
            picture.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
            upright = ImageOps.exif_transpose(picture)
            drawn = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            drawn.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
            # A new image has pixels and nothing else.
            clean = Image.new(drawn.mode, drawn.size)
            clean.paste(drawn)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise ValidationError(_("Choose a JPEG, PNG or WebP picture.")) from None
    out = io.BytesIO()
    clean.save(out, "WEBP", quality=82, method=4)
    return out.getvalue()


def attach(product: Product, picture: bytes) -> None:
    """Store the picture under a random name in the business's own folder; the row is not saved."""
    name = f"{product.business_id}/{uuid.uuid4().hex}.webp"
    product.image.save(name, ContentFile(picture), save=False)


def forget(product: Product, name: str) -> None:
    """Delete a stored picture if the change of its product becomes certain."""
    if not name:
        return
    if _in_database():
        # The transaction does it: where the change is rolled back, so is this.
        default_storage.delete(name)
    else:
        transaction.on_commit(_deletion(product.image.storage, name))


def discard(names: Iterable[str]) -> None:
    """Delete files whose rows are gone, because they were rolled back or deleted for good.

    Pictures in the database went with those rows already.
    """
    if not _in_database():
        for name in names:
            default_storage.delete(name)


def _in_database() -> bool:
    return isinstance(default_storage, PictureStore)


def _deletion(storage: Any, name: str) -> Callable[[], None]:
    def delete() -> None:
        storage.delete(name)

    return delete

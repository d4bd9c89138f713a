"""Pictures of products in the database, for hosts whose disk does not last (MEDIA_IN_DATABASE)."""

from __future__ import annotations

from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.db.models.functions import Length

from inventory.models import PictureFile


class PictureStore(Storage):
    """Reads and writes pictures of the bound business; names of others do not exist for it.

    A picture comes and goes with the transaction. Whoever is not bound gets NoBusiness. There is no
    address of a file: pictures are shown by a view that asks for permission.
    """

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        """The whole picture, in memory. Raises FileNotFoundError, as a disk would."""
        if mode != "rb":
            raise ValueError("A stored picture is read as bytes and never changed.")
        data = self._rows(name).values_list("data", flat=True).first()
        if data is None:
            raise FileNotFoundError(name)
        return ContentFile(bytes(data), name=name)

    def _save(self, name: str, content: File[Any]) -> str:
        PictureFile.objects.create(name=name, data=b"".join(content.chunks()))
        return name

    def exists(self, name: str) -> bool:
        return bool(self._rows(name).exists())

    def delete(self, name: str) -> None:
        self._rows(name).delete()

    def size(self, name: str) -> int:
        """In bytes. Raises FileNotFoundError."""
        size: int | None = self._rows(name).values_list(Length("data"), flat=True).first()
        if size is None:
            raise FileNotFoundError(name)
        return size

    def url(self, name: str | None) -> str:
        raise ValueError("A picture has no address of its own; see product_image.")

    @staticmethod
    def _rows(name: str) -> Any:
        return PictureFile.objects.filter(name=name)

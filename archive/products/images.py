"""Pictures of imported products: out of an archive beside the file, or from the addresses in it.

A picture that cannot be had is a warning. One that was brought from the same place before, and is
still there, is not brought again.
"""

from __future__ import annotations

import hashlib
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import IO, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _

from archive.products import addresses
from archive.products.addresses import NotFetched
from archive.products.drafts import WARNING, Problem
from archive.products.journal import Journal
from archive.products.planned import ProductPlan
from archive.tables.errors import BROKEN
from inventory import pictures
from inventory.models import Product
from tenants.bulk import insert_rows, update_rows
from tenants.context import require_id
from tenants.errors import Refused
from tenants.ids import uuid7
from tenants.models import ExternalReference
from webhooks import outbox
from webhooks.kinds import Kind

#: Fetching more than these takes longer than an import may; another run brings the rest.
MOST_FETCHED: Final = 2000
_AT_ONCE: Final = 8
_CHUNK: Final = 64
_SOURCE: Final = "picture"
_MOST_ENTRIES: Final = 200_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A product's picture, as the file names it: an address, or a name in the archive."""

    product_id: uuid.UUID
    row: int
    name: str
    current: str

    @property
    def print(self) -> str:
        return hashlib.blake2b(self.name.encode(), digest_size=12).hexdigest()


class Archive:
    """A zip of pictures, found by their file names whatever the letter case."""

    def __init__(self, source: IO[bytes] | str) -> None:
        """Raises Refused when it is no zip."""
        try:
            self._zip = zipfile.ZipFile(source)
            entries = self._zip.infolist()
        except BROKEN:
            raise Refused("bad_archive", _("The pictures are not in a zip archive.")) from None
        if len(entries) > _MOST_ENTRIES:
            raise Refused("bad_archive", _("The archive holds too many files."))
        self._entries = {_base(one.filename): one for one in entries if not one.is_dir()}

    def __contains__(self, name: str) -> bool:
        return _base(name) in self._entries

    def read(self, name: str) -> bytes:
        """Raises NotFetched."""
        entry = self._entries[_base(name)]
        try:
            with self._zip.open(entry) as file:
                data = file.read(settings.PICTURE_LIMIT + 1)
        except BROKEN:
            raise NotFetched(_("is damaged in the archive")) from None
        if len(data) > settings.PICTURE_LIMIT:
            raise NotFetched(_("is larger than %(limit)d MB") % {"limit": pictures.most_mb()})
        return data


def _base(name: str) -> str:
    path = name.partition("?")[0].replace("\\", "/").rstrip("/")
    return path.rpartition("/")[2].casefold()


class Pictures:
    """Collects what the plans want while they are written, and brings it at the end."""

    def __init__(self, *, fetch: bool, archive: Archive | None) -> None:
        self.fetch = fetch
        self.archive = archive
        self.wanted: list[Wanted] = []
        #: Files that were stored, to be deleted when the import fails after all.
        self.stored: list[str] = []

    def want(self, plans: Iterable[ProductPlan]) -> None:
        if not self.fetch and self.archive is None:
            return
        for plan in plans:
            name = plan.draft.image
            if name and not plan.part_of:
                self.wanted.append(Wanted(plan.id, plan.draft.row, name, plan.image))

    def missing(self) -> list[Wanted]:
        """Those that were not brought from the same place before."""
        found: list[Wanted] = []
        for chunk in _chunks(self.wanted, 1000):
            known = self._known(chunk)
            found += [
                one
                for one in chunk
                if not one.current or known.get(one.product_id, ("", ""))[1] != one.print
            ]
        return found

    @staticmethod
    def _known(chunk: Sequence[Wanted]) -> dict[uuid.UUID, tuple[uuid.UUID, str]]:
        rows = ExternalReference.objects.filter(
            source=_SOURCE, table="products", external_id__in=[str(one.product_id) for one in chunk]
        ).values_list("external_id", "pk", "fingerprint")
        return {uuid.UUID(key): (pk, told) for key, pk, told in rows}

    def bring(
        self,
        journal: Journal,
        tell: Callable[[Problem], None],
        progress: Callable[[int, int], None],
    ) -> int:
        """Store what is missing and can be had; how many."""
        missing = self.missing()
        from_archive = [one for one in missing if self.archive and one.name in self.archive]
        there = set(from_archive)
        others = [one for one in missing if one not in there]
        fetched = [one for one in others if self.fetch and "://" in one.name]
        reachable = set(fetched[:MOST_FETCHED])
        for one in others:
            if one not in reachable:
                tell(self._problem(one, self._why_not(one)))
        todo = [*from_archive, *fetched[:MOST_FETCHED]]
        brought = done = 0
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for chunk in _chunks(todo, _CHUNK):
                got: list[tuple[Wanted, bytes]] = []
                results: list[bytes | str] = []
                # So few are unpacked at once that they have room in memory. The archive may lie in
                # the database, which other threads have no part in.
                for some in _chunks(chunk, _AT_ONCE):
                    results += pool.map(_picture, some, [self._unpacked(one) for one in some])
                for one, result in zip(chunk, results, strict=True):
                    if isinstance(result, bytes):
                        got.append((one, result))
                    else:
                        tell(self._problem(one, result))
                self._store(got, journal)
                brought += len(got)
                done += len(chunk)
                progress(done, len(todo))
        return brought

    def _why_not(self, one: Wanted) -> str:
        if self.fetch and "://" in one.name:
            return _("was left for the next import: %(most)d pictures are fetched in one") % {
                "most": MOST_FETCHED
            }
        if self.archive is not None:
            return _("is not in the archive of pictures")
        return _("is no address to fetch a picture from")

    @staticmethod
    def _problem(one: Wanted, reason: str) -> Problem:
        return Problem(one.row, "", one.name, reason, WARNING)

    def _unpacked(self, one: Wanted) -> bytes | str | None:
        """What the archive holds, or why it cannot be read; None for an address."""
        if self.archive is None or one.name not in self.archive:
            return None
        try:
            return self.archive.read(one.name)
        except NotFetched as failed:
            return str(failed)

    def _store(self, got: Sequence[tuple[Wanted, bytes]], journal: Journal) -> None:
        known = self._known([one for one, _picture in got])
        changes = []
        for one, picture in got:
            product = Product(pk=one.product_id, business_id=require_id())
            pictures.attach(product, picture)
            name = product.image.name or ""
            self.stored.append(name)
            changes.append((one.product_id, {"image": one.current}, {"image": name}))
        update_rows(Product, ("image",), ((key, after["image"]) for key, _b, after in changes))
        journal.changed("product", changes)
        outbox.record_all(Kind.PRODUCT_CHANGED, (key for key, _before, _after in changes))
        again = [(*known[one.product_id], one.print) for one, _p in got if one.product_id in known]
        update_rows(ExternalReference, ("fingerprint",), ((pk, new) for pk, _old, new in again))
        journal.changed(
            "reference",
            ((pk, {"fingerprint": old}, {"fingerprint": new}) for pk, old, new in again),
        )
        rows = [(uuid7(), one) for one, _p in got if one.product_id not in known]
        insert_rows(
            ExternalReference,
            ("id", "source", "table", "external_id", "object_id", "fingerprint"),
            (
                (pk, _SOURCE, "products", str(one.product_id), str(one.product_id), one.print)
                for pk, one in rows
            ),
        )
        journal.created("reference", (pk for pk, _one in rows))

    def forget(self) -> None:
        """Delete the files of an import that came to nothing."""
        pictures.discard(self.stored)
        self.stored.clear()


def _picture(one: Wanted, unpacked: bytes | str | None) -> bytes | str:
    """The picture as it is stored, or why there is none."""
    if isinstance(unpacked, str):
        return unpacked
    try:
        # An empty file of the archive is no address to be fetched.
        data = (
            unpacked
            if unpacked is not None
            else addresses.fetch(one.name, limit=settings.PICTURE_LIMIT)
        )
        return pictures.redrawn(ContentFile(data))
    except NotFetched as failed:
        return str(failed)
    except ValidationError as failed:
        return " ".join(failed.messages)


def _chunks(items: Iterable[Wanted], size: int) -> Iterator[list[Wanted]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk

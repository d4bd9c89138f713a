"""Files in the database, imports and jobs."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from archive.models import FilePart, ImportBatch, Job, StoredFile
from archive.verify.rules import Look, Rule, rule

AREA = "files"


@rule(AREA, _("A stored file is not whole: pieces are missing, or were changed."), weight=3)
def file_is_whole(look: Look) -> None:
    """Size and SHA-256 are those of the pieces, numbered from 0. One piece is in memory."""
    for pk, size, sha256 in StoredFile.objects.order_by("pk").values_list("pk", "size", "sha256"):
        found, number, digest = 0, 0, hashlib.sha256()
        while True:
            part = FilePart.objects.filter(file=pk, number=number).values_list("data").first()
            if part is None:
                break
            data = bytes(part[0])
            digest.update(data)
            found += len(data)
            number += 1
        if FilePart.objects.filter(file=pk, number__gte=number).exists():
            look.tell(StoredFile, pk, "parts", f"a part {number}", "a gap in the parts")
        elif found != size:
            look.tell(StoredFile, pk, "parts", f"{size} bytes", f"{found} bytes")
        elif digest.hexdigest() != sha256:
            look.tell(StoredFile, pk, "parts", f"SHA-256 {sha256}", f"SHA-256 {digest.hexdigest()}")


@rule(AREA, _("An import says that it was applied or taken back, and not when, or the reverse."))
def import_says_when(look: Look) -> None:
    """An import is applied once and taken back once, after that."""
    state = ImportBatch.State
    before = Q(state__in=(state.DRAFT, state.CHECKED), applied_at=None, undone_at=None)
    applied = Q(state=state.APPLIED, applied_at__isnull=False, undone_at=None)
    undone = Q(state=state.UNDONE, applied_at__isnull=False, undone_at__isnull=False)
    wrong: Any = ImportBatch.objects.exclude(before | applied | undone)
    look.rows(wrong, "state", "the times that belong to it")


@rule(AREA, _("A job is over and does not say when, or the reverse."))
def job_says_when(look: Look) -> None:
    """What a job did and that it is done are committed together."""
    state = Job.State
    going = Q(state__in=(state.WAITING, state.RUNNING), finished_at=None)
    over = Q(state__in=(state.DONE, state.FAILED, state.CANCELLED), finished_at__isnull=False)
    look.rows(
        Job.objects.exclude(going | over),
        "finished_at",
        "a time once it is over, and none before",
        name="state",
    )


RULES: tuple[Rule, ...] = (file_is_whole, import_says_when, job_says_when)

"""An import on its way: the file, the check, the preview, the result, and taking it back."""

from __future__ import annotations

import gzip
import uuid
import zlib
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import demand
from accounts.permissions import Permission
from archive import jobs
from archive.files import opened, store
from archive.forms import ChooseForm, UploadForm
from archive.models import FilePart, ImportBatch, StoredFile
from archive.tables import TableError
from archive.views.doors import desk, unhurried
from archive.views.jobs import sent, shown
from archive.work.desk import Desk, Preview, look
from archive.work.desks import desk_of, desks
from archive.work.problems import as_csv, header, row

P = Permission
PAGE = 50
# Rows of each part of a report that a page shows; the file of problems has more.
SHOWN = 50
# A file up to this size is worked on within the request. What is compressed is more than it seems.
AT_ONCE = 256 * 1024
AT_ONCE_COMPRESSED = 48 * 1024
# The most that such a file may unpack to: of one byte it can make a thousand.
AT_ONCE_UNPACKED = 2 * 1024**2
_GZIP = b"\x1f\x8b"


def door(request: Any, batch_id: uuid.UUID, *, lock: bool = False) -> ImportBatch:
    """The import with its file and job. Raises Http404, also for those that a command made, and
    PermissionDenied for who may not do by hand what such imports do."""
    rows = ImportBatch.objects.select_related("file", "job", "created_by", "undone_by")
    if lock:
        rows = rows.select_for_update(of=("self",))
    batch: ImportBatch = get_object_or_404(rows, pk=batch_id)
    if batch.kind in desks():
        _demand(request, desks()[batch.kind])
    return batch


def _demand(request: Any, counter: Desk, batch: ImportBatch | None = None) -> None:
    if counter.owners_only and not request.membership.is_owner:
        raise PermissionDenied(_("Only an owner of the business may do this."))
    for lacking in counter.withholds(request.membership, batch):
        demand(request, lacking)


def _choosing(batch: ImportBatch, preview: Preview | None, data: Any = None) -> ChooseForm | None:
    """What of a file comes in where that is one of several, while there is a choice."""
    if preview is None or batch.state != batch.State.CHECKED or is_busy(batch):
        return None
    return ChooseForm(preview, data) if preview.choices else None


def is_busy(batch: ImportBatch) -> bool:
    return batch.job is not None and not batch.job.is_over


@desk(P.DATA_IMPORT)
@require_safe
def import_list(request: HttpRequest) -> HttpResponse:
    batches = ImportBatch.objects.select_related("created_by", "job")
    page = Paginator(batches.order_by("-created_at", "-pk"), PAGE).get_page(request.GET.get("page"))
    return render(request, "archive/import_list.html", {"page": page})


@desk(P.DATA_IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def import_start(request: Any, kind: str) -> HttpResponse:
    """Choose the file. It is looked into before it is kept, so that what is no table is said here."""
    if kind not in desks():
        raise Http404
    counter = desk_of(kind)
    _demand(request, counter)
    posted = request.method == "POST"
    form = UploadForm(counter, *((request.POST, request.FILES) if posted else ()))
    hindrance = counter.hindrance()
    if posted and not hindrance and form.is_valid():
        batch = _taken(request, counter, form)
        if batch is not None and counter.has_columns:
            return redirect("import_columns", batch_id=batch.pk)
        if batch is not None:
            return start(request, batch, "import.check")
    context = {"form": form, "desk": counter, "hindrance": hindrance}
    return render(request, "archive/import_start.html", context)


def _taken(request: Any, counter: Desk, form: UploadForm) -> ImportBatch | None:
    upload = form.cleaned_data["file"]
    options: dict[str, Any] = {"read": {}, "chosen": {}}
    if counter.has_columns:
        try:
            options["look"] = look(upload.file, upload.name, {})
        except TableError as error:
            form.add_error("file", str(error))
            return None
        upload.file.seek(0)
    file = store(upload.name, upload.chunks(), by=request.user)
    batch: ImportBatch = ImportBatch.objects.create(
        kind=counter.kind,
        file_name=file.name,
        file_hash=file.sha256,
        file=file,
        options=options,
        created_by=request.user,
    )
    return batch


def start(request: Any, batch: ImportBatch, kind: str, **options: Any) -> HttpResponse:
    """Have the work done: at once where it is little, else by whoever does jobs."""
    _demand(request, desk_of(batch.kind), batch)
    row = jobs.ask(
        kind, by=request.membership, options={"batch": str(batch.pk), **options}, file=batch.file
    )
    batch.job = row
    batch.save(update_fields=["job"])
    # Other people's servers may take any time to send a picture.
    waits = kind == "import.apply" and batch.options.get("chosen", {}).get("pictures")
    if batch.file is not None and _is_small(batch.file) and not waits:
        jobs.run(row)
    return redirect("import_detail", batch_id=batch.pk)


def _is_small(file: StoredFile) -> bool:
    with opened(file) as stream:
        # By what it is: its name may say anything.
        head = stream.read(2)
        if file.size > (AT_ONCE_COMPRESSED if head in (_GZIP, b"PK") else AT_ONCE):
            return False
        if head != _GZIP:
            return True
        stream.seek(0)
        try:
            return len(gzip.GzipFile(fileobj=stream).read(AT_ONCE_UNPACKED + 1)) <= AT_ONCE_UNPACKED
        except (OSError, EOFError, zlib.error):
            return True  # damaged, which is quickly said


@unhurried
@desk(P.DATA_IMPORT)
@require_safe
def import_detail(request: Any, batch_id: uuid.UUID) -> HttpResponse:
    batch = door(request, batch_id)
    counter = desks().get(batch.kind)
    job = shown(batch.job) if batch.job is not None else None
    if job is None and batch.state == batch.State.DRAFT and counter and counter.has_columns:
        return redirect("import_columns", batch_id=batch.pk)
    preview = None
    if counter is not None and batch.report and not is_busy(batch):
        done = batch.state in (batch.State.APPLIED, batch.State.UNDONE)
        preview = counter.preview(batch.report, member=request.membership, done=done)
    context = {
        "batch": batch,
        "desk": counter,
        "job": job,
        "busy": is_busy(batch),
        "preview": preview and _cut(preview),
        "may_apply": batch.state == batch.State.CHECKED and preview and preview.is_ready,
        "may_undo": bool(counter and counter.may_undo and batch.state == batch.State.APPLIED),
        "before": _same_file(batch),
        "choosing": _choosing(batch, preview),
    }
    return render(request, "archive/import_detail.html", context)


def _cut(preview: Preview) -> Preview:
    """As much of it as a page shows."""
    listed = len(preview.problems) + len(preview.warnings)
    preview.lists_all = listed >= preview.problem_count + preview.warning_count
    preview.changes_more += max(0, len(preview.changes) - SHOWN)
    preview.changes = preview.changes[:SHOWN]
    preview.problems = preview.problems[:SHOWN]
    preview.warnings = preview.warnings[:SHOWN]
    for listing in preview.listings:
        listing.more += max(0, len(listing.rows) - SHOWN)
        listing.rows = listing.rows[:SHOWN]
    return preview


def _same_file(batch: ImportBatch) -> ImportBatch | None:
    """An earlier import of the very same file."""
    earlier = ImportBatch.objects.filter(
        kind=batch.kind, file_hash=batch.file_hash, state=ImportBatch.State.APPLIED
    )
    found: ImportBatch | None = earlier.exclude(pk=batch.pk).order_by("-applied_at").first()
    return found


@desk(P.DATA_IMPORT)
@require_POST
def import_choose(request: Any, batch_id: uuid.UUID) -> HttpResponse:
    """Which business of a file with several this one is to become; then the file is checked."""
    batch = door(request, batch_id, lock=True)
    counter = desks().get(batch.kind)
    preview = None
    if counter is not None and batch.report:
        preview = counter.preview(batch.report, member=request.membership, done=False)
    form = _choosing(batch, preview, request.POST)
    if form is None or not form.is_valid():
        messages.warning(request, _("Choose one of the businesses of the file."))
        return redirect("import_detail", batch_id=batch.pk)
    batch.options = {**batch.options, "chosen": form.cleaned_data}
    batch.state, batch.report = batch.State.DRAFT, {}
    batch.save(update_fields=["options", "state", "report"])
    return start(request, batch, "import.check")


@desk(P.DATA_IMPORT)
@require_POST
def import_apply(request: Any, batch_id: uuid.UUID) -> HttpResponse:
    batch = door(request, batch_id, lock=True)
    if batch.state != batch.State.CHECKED or is_busy(batch):
        messages.warning(request, _("This import was changed meanwhile; look at it again."))
        return redirect("import_detail", batch_id=batch.pk)
    only = "good" if request.POST.get("only") == "good" else "all"
    return start(request, batch, "import.apply", only=only)


@desk(P.DATA_IMPORT)
@require_POST
def import_undo(request: Any, batch_id: uuid.UUID) -> HttpResponse:
    batch = door(request, batch_id, lock=True)
    counter = desks().get(batch.kind)
    if batch.state != batch.State.APPLIED or is_busy(batch) or not (counter and counter.may_undo):
        messages.warning(request, _("This import cannot be taken back."))
        return redirect("import_detail", batch_id=batch.pk)
    return start(request, batch, "import.undo")


@desk(P.DATA_IMPORT)
@require_POST
def import_discard(request: Any, batch_id: uuid.UUID) -> HttpResponse:
    """Forget an import that has done nothing, and its file."""
    batch = door(request, batch_id, lock=True)
    if batch.state not in (batch.State.DRAFT, batch.State.CHECKED) or is_busy(batch):
        messages.warning(request, _("Only what was not imported can be discarded."))
        return redirect("import_detail", batch_id=batch.pk)
    file, job = batch.file, batch.job
    batch.delete()
    if job is not None:
        job.delete()
    if file is not None and not ImportBatch.objects.filter(file=file).exists():
        FilePart.objects.filter(file=file).delete()
        file.delete()
    messages.success(request, _("“%s” was discarded.") % batch.file_name)
    return redirect("data_home")


@desk(P.DATA_IMPORT)
@require_safe
def import_problems(request: Any, batch_id: uuid.UUID) -> HttpResponseBase:
    """Everything that is wrong, as CSV, to be worked through beside the file."""
    batch = door(request, batch_id)
    counter = desks().get(batch.kind)
    if counter is None or not batch.report:
        raise Http404
    kept = batch.report.get("problems_file")
    if kept and (file := StoredFile.objects.filter(pk=kept).first()):
        return sent(request.business, file)
    preview = counter.preview(batch.report, member=request.membership, done=False)
    rows = [header()]
    for found, is_error in ((preview.problems, True), (preview.warnings, False)):
        rows += [row(o.row, o.column, o.value, o.reason, is_error=is_error) for o in found]
    answer = HttpResponse(b"\xef\xbb\xbf" + as_csv(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="problems-{batch.pk}.csv"'
    return answer

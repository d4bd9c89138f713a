"""The columns of a file: how it is read, and what each of them is."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Permission
from archive.files import opened
from archive.forms import ColumnsForm, NameForm, ReadForm, stated_initial
from archive.models import ImportBatch, SavedMapping
from archive.tables import TableError
from archive.views.doors import desk
from archive.views.imports import door, is_busy, start
from archive.work.desk import Desk, look
from archive.work.desks import desks
from tenants.errors import is_unique_violation

P = Permission


@desk(P.DATA_IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def import_columns(request: Any, batch_id: uuid.UUID) -> HttpResponse:
    """One form with several buttons: read again, begin from a mapping, keep it, check."""
    batch = door(request, batch_id, lock=request.method == "POST")
    counter = desks().get(batch.kind)
    if counter is None or not counter.has_columns or "look" not in batch.options:
        raise Http404
    if batch.state not in (batch.State.DRAFT, batch.State.CHECKED) or is_busy(batch):
        return redirect("import_detail", batch_id=batch.pk)
    if batch.file is None:
        messages.warning(request, _("The file is no longer kept here; choose it again."))
        return redirect("import_start", kind=batch.kind)
    return _Page(request, batch, counter).answer()


class _Page:
    def __init__(self, request: Any, batch: ImportBatch, counter: Desk) -> None:
        self.request, self.batch, self.desk = request, batch, counter
        self.look: dict[str, Any] = batch.options["look"]
        self.posted = request.POST if request.method == "POST" else None
        self.preset = self._preset()
        self.fault = ""
        self.name = NameForm(self.posted if self._asks("save") else None)
        self.forms()

    def _asks(self, name: str) -> bool:
        return self.posted is not None and name in self.posted

    def _preset(self) -> str:
        if self.posted is not None and "preset" in self.posted:
            return str(self.posted["preset"])
        mapping = self.batch.mapping
        if "begun" in mapping:
            return str(mapping["begun"])
        return str(mapping.get("preset", self.desk.preset_of(self.look["columns"])))

    def forms(self) -> None:
        options = self.batch.options
        keeps = self.posted if not (self._asks("read") or self._asks("begin")) else None
        self.read = ReadForm(self.look, self.posted, initial=stated_initial(options["read"]))
        assigned, chosen = self._begin()
        self.columns = ColumnsForm(self.desk, self.look, keeps, assigned=assigned)
        self.options = self.desk.options_form(keeps, chosen)

    def _begin(self) -> tuple[dict[str, str], dict[str, Any]]:
        """What the choices begin with: those made before, a saved mapping, a preset, the names."""
        options, mapping = self.batch.options, self.batch.mapping
        if not self._asks("begin") and mapping.get("columns") is not None:
            return mapping["columns"], options["chosen"]
        saved = self._saved()
        if saved is not None:
            try:
                return self.desk.told(saved.mapping), saved.options
            except ValueError as error:
                self.fault = _("The mapping “%(name)s” cannot be used: %(reason)s") % {
                    "name": saved.name,
                    "reason": error,
                }
        return self.desk.assigned(self.look["columns"], self.preset), options["chosen"]

    def _saved(self) -> SavedMapping | None:
        """The saved mapping that is chosen."""
        kind, _colon, name = self.preset.partition(":")
        rows = SavedMapping.objects.filter(kind=self.batch.kind, name=name)
        found: SavedMapping | None = rows.first() if kind == "saved" else None
        return found

    def _known_preset(self) -> str:
        """The preset that is chosen, or that of the saved mapping."""
        saved = self._saved()
        if saved is not None:
            return str(saved.mapping.get("preset", "") if isinstance(saved.mapping, dict) else "")
        return self.preset if self.preset in dict(self.desk.presets()) else ""

    def answer(self) -> HttpResponse:
        if self.fault:
            messages.error(self.request, self.fault)
        if self._asks("read") and self.read.is_valid() and self._read_again():
            return redirect("import_columns", batch_id=self.batch.pk)
        if self._asks("check") and self._is_valid():
            self._keep()
            return start(self.request, self.batch, "import.check")
        if self._asks("save") and self._is_valid() and self.name.is_valid() and self._save():
            self._keep()
            return redirect("import_columns", batch_id=self.batch.pk)
        saved = SavedMapping.objects.filter(kind=self.batch.kind).order_by("name")
        context = {
            "batch": self.batch,
            "desk": self.desk,
            "about": self.look["about"],
            "read": self.read,
            "columns": self.columns,
            "options": self.options,
            "name": self.name,
            "preset": self.preset,
            "presets": self.desk.presets(),
            "saved": saved,
        }
        return render(self.request, "archive/import_columns.html", context)

    def _is_valid(self) -> bool:
        # Both, so that the errors of both are shown.
        return all([self.columns.is_valid(), self.options.is_valid()])

    def _read_again(self) -> bool:
        stated = self.read.stated()
        assert self.batch.file is not None
        try:
            found = look(opened(self.batch.file), self.batch.file_name, stated)
        except TableError as error:
            self.read.add_error(None, str(error))
            return False
        self.batch.options = {**self.batch.options, "read": stated, "look": found}
        known = set(found["columns"])
        if not known.issuperset(self.batch.mapping.get("columns", {})):
            self.batch.mapping = {}
        # What was previewed is not what would come in any more.
        self.batch.state, self.batch.report, self.batch.job = self.batch.State.DRAFT, {}, None
        self.batch.save(update_fields=["options", "mapping", "state", "report", "job"])
        return True

    def _keep(self) -> None:
        batch = self.batch
        batch.mapping = {
            "columns": self.columns.assigned(),
            "preset": self._known_preset(),
            "begun": self.preset,
        }
        batch.options = {**batch.options, "chosen": self.options.cleaned_data}
        batch.state, batch.report = batch.State.DRAFT, {}
        batch.save(update_fields=["mapping", "options", "state", "report"])

    def _save(self) -> bool:
        name = self.name.cleaned_data["name"]
        saved = SavedMapping(
            kind=self.batch.kind,
            name=name,
            mapping=self.desk.kept(self.columns.assigned(), self._known_preset()),
            options=self.options.cleaned_data,
        )
        try:
            with transaction.atomic():
                saved.save()
        except IntegrityError as error:
            if not is_unique_violation(error):
                raise
            self.name.add_error("name", _("Another mapping has this name."))
            return False
        self.preset = f"saved:{name}"
        messages.success(self.request, _("The mapping “%s” is saved.") % name)
        return True


@desk(P.DATA_IMPORT)
@require_POST
def mapping_delete(request: Any, mapping_id: uuid.UUID) -> HttpResponse:
    """Forget a saved mapping, and go back to where it was offered."""
    saved = SavedMapping.objects.filter(pk=mapping_id).first()
    if saved is None:
        raise Http404
    saved.delete()
    messages.success(request, _("The mapping “%s” was removed.") % saved.name)
    return redirect("data_home")

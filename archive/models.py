"""Tables of data on its way in and out: files, jobs, imports that can be taken back, departures."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.constraints import walls
from tenants.encryption import SealedBinaryField, SealedJSONField, SealedTextField
from tenants.ids import uuid7
from tenants.models import TenantForeignKey, TenantModel, TenantRow


def person_field(label: Any) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=label,
    )


class StoredFile(TenantModel):
    """A file that a person brought or that was made for them, in the database: it is there for
    every process, survives a restart, and needs no disk. `archive/files.py` writes and reads it."""

    name = models.CharField(_("name"), max_length=200)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    created_by = person_field(_("by"))
    created_at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta(TenantModel.Meta):
        verbose_name = _("file")
        verbose_name_plural = _("files")
        constraints = [*walls("stored_file")]

    def __str__(self) -> str:
        return self.name


class FilePart(TenantRow):
    """A piece of a file, in the order of `number` from 0."""

    file = TenantForeignKey(StoredFile, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    data = SealedBinaryField()

    class Meta(TenantRow.Meta):
        constraints = [
            *walls("file_part", "file"),
            models.UniqueConstraint(fields=["business", "file", "number"], name="file_part_once"),
        ]

    def __str__(self) -> str:
        return f"{self.number}"


class Job(TenantModel):
    """Work that takes longer than a request. `archive/jobs.py` runs it; what it did and that it is
    done are committed together."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("At work")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    # The name of a function in archive/jobs.py's table of them.
    kind = models.CharField(_("kind"), max_length=40)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    options = models.JSONField(default=dict)
    # How far it is, in units of its own, and what it is doing in words.
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    stage = models.CharField(max_length=200, blank=True)
    # One sentence when it failed; it may name customers.
    message = SealedTextField(blank=True)
    result = models.JSONField(default=dict)
    file = TenantForeignKey(StoredFile, null=True, related_name="+")
    cancel_asked = models.BooleanField(default=False)
    tries = models.PositiveIntegerField(default=0)
    created_by = person_field(_("by"))
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    started_at = models.DateTimeField(null=True)
    # A running job that has not been heard of for a while has died and is begun again.
    heard_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta(TenantModel.Meta):
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ("-created_at", "-id")
        constraints = [*walls("job", "file", open_when_unbound=True)]
        indexes = [
            models.Index(fields=["business", "-created_at", "-id"], name="job_newest"),
            # Whoever looks for work does not know yet whose it is.
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["waiting", "running"]),
                name="job_queue",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def is_over(self) -> bool:
        return self.state not in (self.State.WAITING, self.State.RUNNING)


class ImportBatch(TenantModel):
    """One file on its way in: looked at, checked, applied, and perhaps taken back.

    `mapping` and `options` are what the person chose; `report` is what the check or the import
    found: counts, and the first rows of each kind with old and new values and reasons.
    """

    class Kind(models.TextChoices):
        PRODUCTS = "products", _("Products")
        SALES = "sales", _("Sales history")
        DATA = "data", _("Whole business")
        FILE_STORE = "file_store", _("Customers and credit")

    class State(models.TextChoices):
        DRAFT = "draft", _("Not checked")
        CHECKED = "checked", _("Checked")
        APPLIED = "applied", _("Imported")
        UNDONE = "undone", _("Taken back")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    file_name = models.CharField(_("file"), max_length=200)
    file_hash = models.CharField(max_length=64)
    # None where a command read the file from a disk.
    file = TenantForeignKey(StoredFile, null=True, related_name="+")
    mapping = models.JSONField(default=dict)
    # Both quote rows of the file, and with them whoever stands in it.
    options = SealedJSONField(default=dict)
    report = SealedJSONField(default=dict)
    job = TenantForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    created_by = person_field(_("by"))
    created_at = models.DateTimeField(_("time"), default=timezone.now)
    applied_at = models.DateTimeField(_("imported"), null=True)
    undone_at = models.DateTimeField(_("taken back"), null=True)
    undone_by = person_field(_("taken back by"))

    class Meta(TenantModel.Meta):
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ("-created_at", "-id")
        constraints = [*walls("import_batch", "file", "job")]
        indexes = [
            models.Index(fields=["business", "-created_at", "-id"], name="import_batch_newest")
        ]

    def __str__(self) -> str:
        return self.file_name


class BatchPart(TenantRow):
    """What an import did to up to a thousand rows of one table, so that it can be taken back.

    `data` of "created": [id, fingerprint] for each row; of "changed": [id, {column: [before, after]}].
    """

    class Action(models.TextChoices):
        CREATED = "created", _("Created")
        CHANGED = "changed", _("Changed")

    batch = TenantForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    table = models.CharField(max_length=40)
    action = models.CharField(max_length=10, choices=Action)
    data = models.JSONField()

    class Meta(TenantRow.Meta):
        ordering = ("number",)
        constraints = [
            *walls("batch_part", "batch"),
            models.UniqueConstraint(fields=["business", "batch", "number"], name="batch_part_once"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.table}"


class SavedMapping(TenantModel):
    """Which column of a spreadsheet is which field, under a name, to be used again."""

    kind = models.CharField(max_length=12, choices=ImportBatch.Kind)
    name = models.CharField(_("name"), max_length=100)
    mapping = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        verbose_name = _("saved mapping")
        verbose_name_plural = _("saved mappings")
        ordering = ("name",)
        constraints = [
            *walls("saved_mapping"),
            models.UniqueConstraint(
                fields=["business", "kind", "name"],
                name="saved_mapping_name",
                violation_error_message=_("Another mapping has this name."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Departure(TenantModel):
    """A business that is about to be deleted, at the earliest at `delete_after`; one at a time."""

    archive = TenantForeignKey(StoredFile, null=True, related_name="+")
    # How long sales, payments and shifts are kept, closed, after everything else is gone.
    keep_months = models.PositiveIntegerField(_("months to keep what the law asks for"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    asked_by = person_field(_("asked by"))
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    delete_after = models.DateTimeField(_("deleted after"))

    class Meta(TenantModel.Meta):
        verbose_name = _("departure")
        verbose_name_plural = _("departures")
        constraints = [
            *walls("departure", "archive", open_when_unbound=True),
            models.UniqueConstraint(fields=["business"], name="departure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.delete_after:%Y-%m-%d}"


class RetainedRecord(models.Model):
    """What the law wants kept of a business that is gone: encrypted, read by operators alone.

    A platform table: the business that it belonged to does not exist any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    business_name = models.CharField(max_length=200)
    deleted_at = models.DateTimeField(default=timezone.now)
    keep_until = models.DateField()
    manifest = models.JSONField()

    class Meta:
        verbose_name = _("retained record")
        verbose_name_plural = _("retained records")
        ordering = ("keep_until",)

    def __str__(self) -> str:
        return self.business_name


class RetainedPart(models.Model):
    """An encrypted piece of a retained record, in the order of `number` from 0."""

    record = models.ForeignKey(RetainedRecord, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    data = SealedBinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record", "number"], name="retained_part_once")
        ]

    def __str__(self) -> str:
        return f"{self.number}"

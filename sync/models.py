"""What copies elsewhere need to know beside the rows themselves: what has gone, and the epoch.

Database triggers write both (`triggers.py` for SQLite, the migrations for PostgreSQL), so that no
writer can forget it. Derived: neither travels with an export.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from tenants.constraints import walls
from tenants.fields import changed_field
from tenants.models import TenantRow


class Mark(TenantRow):
    """Something that a copy has to look at again: it has changed, or it is not there any more.

    A row that is gone cannot say so itself; tables that change rarely have no column of their own
    for it. `kind` and `object_id` name what a copy knows it by, `location_id` where it is known
    alone. Kept for `cursors.KEPT`.
    """

    kind = models.CharField(max_length=20)
    object_id = models.UUIDField()
    location_id = models.UUIDField(null=True)
    changed = changed_field()
    at = models.DateTimeField(db_default=Now())

    class Meta(TenantRow.Meta):
        constraints = [*walls("sync_mark")]
        indexes = [models.Index(fields=["business", "changed", "id"], name="sync_mark_changed")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class Epoch(models.Model):
    """One row at most: how far numbers of changes go back. A platform table.

    Another `token` makes every cursor start anew. `clock` is the number of the last change on
    SQLite; PostgreSQL has those of its transactions.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    token = models.CharField(max_length=32)
    clock = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.token

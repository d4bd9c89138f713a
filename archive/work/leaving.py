"""Making the archive of everything, which an owner takes along."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import record
from accounts.permissions import Permission
from archive.exporting.snapshot import at_one_moment
from archive.files import copied
from archive.jobs import OWNERS_ONLY, Task, job
from archive.kinds import WHOLE_ARCHIVE
from archive.leaving.departing import demand_owner
from archive.leaving.whole import write_archive
from tenants.context import current


@job(WHOLE_ARCHIVE, needs=Permission.DATA_EXPORT, label=gettext_lazy("Archive of everything"))
def whole_archive(task: Task) -> dict[str, Any]:
    demand_owner(task.actor)
    business = current()
    day = timezone.now().astimezone(business.zone)
    file, manifest = at_one_moment(
        write_archive, progress=partial(task.progress, stage=_("Writing the archive"))
    )
    with file:
        stored = copied(f"{business.slug}-archive-{day:%Y-%m-%d}.zip", file, by=task.actor.user)
    record(actor=task.actor.user, action="data.export", target=stored)
    facts = [
        [name, facts["rows"]]
        for name, facts in manifest["files"].items()
        if isinstance(facts.get("rows"), int)
    ]
    return {"file": str(stored.pk), "facts": facts, OWNERS_ONLY: True}

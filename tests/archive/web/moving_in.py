"""A business that was just begun, and files that are brought into it at the pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accounts.beginnings import NewPerson, start_business
from accounts.models import User
from archive import jobs
from archive.models import ImportBatch
from tenants.context import business
from tenants.models import Business
from tests.archive.exports import stalls
from tests.archive.moving import Change
from tests.archive.rich import changed, rich, taken
from tests.archive.web.files import upload
from tests.factories import PASSWORD, signed_in

ADAS = "1"


class Room:
    """A business that was just begun, with its owner at the pages; nothing is bound."""

    def __init__(self, slug: str = "corner", owner: str = "nora") -> None:
        new = NewPerson(owner, PASSWORD, email=f"{owner}@example.com", name=owner.title())
        self.business = start_business(name=slug.title(), slug=slug, owner=new)
        self.user = User.objects.get(pk=User.objects.order_by("-pk")[0].pk)
        self.client = signed_in(self.user)
        self.batch: ImportBatch | None = None

    def url(self, path: str = "") -> str:
        return f"/b/{self.business.slug}/{path}"

    @contextmanager
    def inside(self) -> Iterator[Business]:
        with business(self.business):
            yield Business.objects.get(pk=self.business.pk)

    def upload(self, data: Any, name: str = "shop.json") -> ImportBatch:
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        answer = upload(self.client, self, raw, name, "data")  # type: ignore[arg-type]
        assert answer.status_code == 302, answer.content.decode()
        return self.last()

    def last(self) -> ImportBatch:
        with business(self.business):
            self.batch = ImportBatch.objects.order_by("-created_at", "-pk")[0]
            if self.batch.job is not None and not self.batch.job.is_over:
                jobs.run(self.batch.job)  # it was too much for the request
            rows = ImportBatch.objects.select_related("job", "file")
            self.batch = rows.get(pk=self.batch.pk)
            return self.batch

    def post(self, what: str, **data: Any) -> ImportBatch:
        assert self.batch is not None
        self.client.post(self.url(f"data/imports/{self.batch.pk}/{what}/"), data)
        return self.last()

    def page(self) -> str:
        assert self.batch is not None
        answer = self.client.get(self.url(f"data/imports/{self.batch.pk}/"))
        assert answer.status_code == 200
        return answer.content.decode()

    def checked(self, data: Any, chosen: str = ADAS) -> ImportBatch:
        batch = self.upload(data)
        if batch.state == "checked" and batch.report["chosen"] is None:
            batch = self.post("choose", business=chosen)
        return batch

    def bring(self, data: Any, chosen: str = ADAS) -> ImportBatch:
        batch = self.checked(data, chosen)
        assert batch.state == "checked", batch.job and batch.job.message
        batch = self.post("apply", only="all")
        assert batch.state == "applied", batch.job and batch.job.message
        return batch

    def refused(self, data: Any, chosen: str = ADAS) -> str:
        """The sentence that the check ends with."""
        batch = self.checked(data, chosen)
        assert batch.state == "draft" and batch.job is not None
        assert batch.job.state == "failed"
        assert batch.job.message in _plain(self.page())
        return str(batch.job.message)


def _plain(html: str) -> str:
    return html.replace("&#x27;", "'").replace("&quot;", '"')


def changing(*changes: Change) -> dict[str, Any]:
    export = stalls()
    for change in changes:
        change(export)
    return export


def own(tmp_path: Path, *changes: Callable[[dict[str, Any]], object], slug: str = "acme") -> bytes:
    """The file of a shop of ours with one of everything, which is another installation's."""
    rich(slug)
    path = tmp_path / f"{slug}.json"
    taken(path, Business.objects.get(slug=slug))
    return changed(path, *changes).read_bytes() if changes else path.read_bytes()

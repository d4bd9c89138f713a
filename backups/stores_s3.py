"""Backups in a store that speaks S3: Amazon, Cloudflare R2, MinIO, Supabase, Backblaze, Hetzner.

Parts go up in pieces of 16 MB, of which at most three are in memory; a part appears when its last
piece is there, and an upload that failed is cancelled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings

from backups.errors import BackupError
from backups.stores import MANIFEST, is_name
from backups.streams import FromPieces, Sink, Source

if TYPE_CHECKING:
    from obstore.store import S3Config

PIECE = 16 * 1024 * 1024
AT_ONCE = 2
RETRIES = 5
RETRY_FOR = timedelta(seconds=90)

# What a store says, and what that means to the person who set it up.
_MEANINGS = (
    ("NoSuchBucket", "there is no bucket {bucket}: make it, or mend BACKUP_TO"),
    ("InvalidAccessKeyId", "it does not know BACKUP_S3_KEY"),
    ("SignatureDoesNotMatch", "BACKUP_S3_SECRET does not belong to BACKUP_S3_KEY"),
    ("AuthorizationHeaderMalformed", "BACKUP_S3_REGION is not the bucket's"),
    ("AccessDenied", "the key may not do that in the bucket {bucket}"),
    ("403 Forbidden", "the key may not do that in the bucket {bucket}"),
    ("RequestTimeTooSkewed", "this machine's clock is wrong"),
    ("error sending request", "it cannot be reached, or the connection was cut"),
    ("timed out", "it took too long to answer"),
    ("error decoding response body", "the connection was cut"),
    ("507 ", "it is full"),
    ("QuotaExceeded", "it is full"),
)


class S3:
    """Backups under s3://bucket/folder."""

    def __init__(self, place: str) -> None:
        from obstore.store import S3Store

        self.place = place
        parts = urlsplit(place)
        self.bucket = parts.netloc
        if not self.bucket:
            raise BackupError("BACKUP_TO names no bucket: write it as s3://bucket/folder.")
        if not (settings.BACKUP_S3_KEY and settings.BACKUP_S3_SECRET):
            raise BackupError(
                f"To write to {place}, set BACKUP_S3_KEY and BACKUP_S3_SECRET, and"
                " BACKUP_S3_ENDPOINT unless the store is Amazon's."
            )
        endpoint = settings.BACKUP_S3_ENDPOINT.rstrip("/")
        config: S3Config = {
            "access_key_id": settings.BACKUP_S3_KEY,
            "secret_access_key": settings.BACKUP_S3_SECRET,
            "region": settings.BACKUP_S3_REGION,
            # The name of the bucket in the path: every other store knows that form.
            "virtual_hosted_style_request": not endpoint,
            **({"endpoint": endpoint} if endpoint else {}),
        }
        self._store = S3Store(
            self.bucket,
            prefix=parts.path.strip("/") or None,
            config=config,
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=10),
                "timeout": timedelta(minutes=5),
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": RETRY_FOR},
        )

    def names(self) -> list[str]:
        return sorted(name for name, files in self._found().items() if MANIFEST in files)

    def unfinished(self) -> list[str]:
        return sorted(name for name, files in self._found().items() if MANIFEST not in files)

    def _found(self) -> dict[str, list[str]]:
        import obstore

        found: dict[str, list[str]] = defaultdict(list)
        with self._telling():
            for page in obstore.list(self._store):
                for one in page:
                    name, _, file = one["path"].partition("/")
                    if is_name(name):
                        found[name].append(file)
        return found

    @contextmanager
    def writing(self, name: str, file: str) -> Iterator[Sink]:
        import obstore

        # An exception inside cancels the upload; else the end of the block completes it.
        with (
            self._telling(),
            obstore.open_writer(
                self._store, f"{name}/{file}", buffer_size=PIECE, max_concurrency=AT_ONCE
            ) as out,
        ):
            yield out

    def finish(self, name: str, manifest: bytes) -> None:
        import obstore

        with self._telling():
            obstore.put(self._store, f"{name}/{MANIFEST}", manifest)

    @contextmanager
    def reading(self, name: str, file: str) -> Iterator[Source]:
        import obstore

        try:
            with self._telling(missing=False):
                stream = obstore.get(self._store, f"{name}/{file}").stream()
                yield FromPieces(bytes(piece) for piece in stream)
        except FileNotFoundError:
            raise BackupError(f"The backup {name} lacks its part {file}: take another.") from None

    def delete(self, name: str) -> None:
        import obstore

        files = self._found()[name]
        with self._telling():
            if MANIFEST in files:
                obstore.delete(self._store, f"{name}/{MANIFEST}")
            rest = [f"{name}/{file}" for file in files if file != MANIFEST]
            if rest:
                obstore.delete(self._store, rest)

    @contextmanager
    def _telling(self, *, missing: bool = True) -> Iterator[None]:
        """Errors of the store as one sentence; its own text holds addresses and whole answers."""
        from obstore.exceptions import BaseError

        try:
            yield
        except FileNotFoundError as error:
            if not missing and "NoSuchBucket" not in str(error):
                raise
            raise self._told(error) from None
        except (BaseError, OSError) as error:
            raise self._told(error) from None

    def _told(self, error: Exception) -> BackupError:
        text = str(error)
        for sign, meaning in _MEANINGS:
            if sign in text:
                return BackupError(
                    f"The store of {self.place}: {meaning}.".format(bucket=self.bucket)
                )
        kind = type(error).__name__
        return BackupError(f"The store of {self.place} refused ({kind}): look at its own log.")

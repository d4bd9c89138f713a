"""What a backup says of itself: beside its parts, in clear, and sealed.

The seal (HMAC-SHA256, by a key made from APP_ENCRYPTION_KEY) tells whether this installation made
it: public keys encrypt for anybody, and restoring a planted dump would run whatever is in it. It also
tells, before anything is restored, whether the present APP_ENCRYPTION_KEY opens the names inside.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from backups.errors import BackupError

FORMAT = "tillbook-backup"
VERSION = 1
DATABASE = "database"
PICTURES = "pictures"


@dataclass(frozen=True, slots=True)
class Table:
    """What a table held: how many rows, and a sum over all of them (see backups.contents)."""

    rows: int
    sum: str


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the backup as it lies there, encrypted: its bytes and their SHA-256."""

    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures inside: how many files and bytes, and a sum over names and contents."""

    files: int
    bytes: int
    sum: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`taken_at` is the moment that the rows are of; versions are those of the server and of the
    program that wrote the dump."""

    name: str
    taken_at: datetime
    release: str
    engine: str
    server_version: str
    tool_version: str
    migrations: dict[str, list[str]]
    tables: dict[str, Table]
    pictures: Pictures
    parts: dict[str, Part] = field(default_factory=dict)
    key_file: str = ""

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts.values())

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


def written(manifest: Manifest) -> bytes:
    """The manifest as JSON, sealed with the newest key."""
    content = {"format": FORMAT, "version": VERSION, **asdict(manifest)}
    content["taken_at"] = manifest.taken_at.isoformat()
    content["seal"] = _seal(content, settings.APP_ENCRYPTION_KEYS[0])
    return json.dumps(content, indent=1, sort_keys=True).encode()


def read(data: bytes, *, name: str, foreign: bool = False) -> Manifest:
    """The manifest of the backup called `name`. Raises BackupError when it is none, or not of it.

    With `foreign` the seal is not asked for: for one whose APP_ENCRYPTION_KEY is lost.
    """
    try:
        content = json.loads(data)
        seal = content.pop("seal")
        if content["format"] != FORMAT or content["name"] != name:
            raise ValueError("another file")
        newer = content["version"] > VERSION
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupError(f"The manifest of {name} is damaged: take another backup.") from None
    if newer:
        raise BackupError(
            f"The backup {name} was made by a newer release: restore it with that one."
        )
    if not foreign and not _is_ours(content, seal):
        raise BackupError(
            f"The backup {name} was made with another APP_ENCRYPTION_KEY, or was changed since:"
            " set the key that it was made with, in front of or behind the present one after a comma."
        )
    try:
        return _manifest(content)
    except (ValueError, KeyError, TypeError):
        raise BackupError(f"The manifest of {name} is damaged: take another backup.") from None


def _manifest(content: dict[str, Any]) -> Manifest:
    del content["format"], content["version"]
    content["taken_at"] = datetime.fromisoformat(content["taken_at"])
    content["tables"] = {name: Table(**one) for name, one in content["tables"].items()}
    content["parts"] = {name: Part(**one) for name, one in content["parts"].items()}
    content["pictures"] = Pictures(**content["pictures"])
    return Manifest(**content)


def _is_ours(content: dict[str, Any], seal: object) -> bool:
    return isinstance(seal, str) and any(
        hmac.compare_digest(_seal(content, key).encode(), seal.encode())
        for key in settings.APP_ENCRYPTION_KEYS
    )


def _seal(content: dict[str, Any], key: str) -> str:
    secret = hashlib.sha256(b"backup-manifest:" + key.encode()).digest()
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def differences(expected: dict[str, Table], found: dict[str, Table]) -> list[str]:
    """In which tables these two differ, and how; empty when each row of each table is the same."""
    told = []
    for name in sorted(expected.keys() | found.keys()):
        one, other = expected.get(name), found.get(name)
        if one is None or other is None:
            told.append(f"{name} is {'missing' if other is None else 'not in the backup'}")
        elif one.rows != other.rows:
            told.append(f"{name} has {other.rows} rows instead of {one.rows}")
        elif one != other:
            told.append(f"{name} holds other values")
    return told

"""Who can read a backup: keys of age (X25519), or a passphrase.

The server needs only the public half of a key, so whoever takes the server over cannot read the
backups. With a passphrase each backup has a key of its own, which lies beside it, encrypted with the
passphrase. Either way any program that knows age (https://age-encryption.org/v1) opens the parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from backups.errors import BackupError

if TYPE_CHECKING:
    from pyrage.x25519 import Identity, Recipient

#: The key of a backup that was made with a passphrase.
KEY_FILE = "key.age"
_SECRET = "AGE-SECRET-KEY-"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Lock:
    """What a backup is encrypted to; `key_file` is to be stored beside it, when there is one."""

    recipients: list[Recipient]
    key_file: bytes | None


def new_key() -> tuple[str, str]:
    """A new pair: the public half for BACKUP_RECIPIENTS, the secret one for BACKUP_IDENTITY."""
    from pyrage import x25519

    identity = x25519.Identity.generate()
    return str(identity.to_public()), str(identity)


def lock() -> Lock:
    """What to encrypt to, by the settings. Raises BackupError when they name nobody."""
    from pyrage import passphrase, x25519

    if settings.BACKUP_RECIPIENTS:
        return Lock([_recipient(text) for text in settings.BACKUP_RECIPIENTS], None)
    if settings.BACKUP_PASSPHRASE:
        identity = x25519.Identity.generate()
        sealed = passphrase.encrypt(f"{identity}\n".encode(), settings.BACKUP_PASSPHRASE)
        return Lock([identity.to_public()], sealed)
    if settings.BACKUP_IDENTITY:
        return Lock([one.to_public() for one in _identities()], None)
    raise BackupError(
        "Nobody could read the backup: set BACKUP_RECIPIENTS to a public key"
        " (`python manage.py backup --new-key` makes a pair), or BACKUP_PASSPHRASE."
    )


def _recipient(text: str) -> Recipient:
    from pyrage import RecipientError, x25519

    try:
        return x25519.Recipient.from_str(text)
    except RecipientError:
        raise BackupError(
            f"BACKUP_RECIPIENTS holds '{text[:12]}…', which is no public key of age:"
            " it begins with age1 and has 62 letters."
        ) from None


def unlock(key_file: bytes | None) -> list[Identity]:
    """The keys that open a backup; `key_file` is what lies beside one made with a passphrase.

    Raises BackupError: no key, a malformed one, the wrong passphrase.
    """
    if key_file is None:
        return _identities()
    return [_identity(_opened(key_file))]


def _opened(key_file: bytes) -> str:
    from pyrage import DecryptError, passphrase

    if not settings.BACKUP_PASSPHRASE:
        raise BackupError("This backup was made with a passphrase: set BACKUP_PASSPHRASE.")
    try:
        return passphrase.decrypt(key_file, settings.BACKUP_PASSPHRASE).decode().strip()
    except DecryptError:
        raise BackupError(
            "BACKUP_PASSPHRASE is not the one that this backup was made with."
        ) from None


def _identities() -> list[Identity]:
    """The keys of BACKUP_IDENTITY: themselves, separated by commas, or the file that holds them."""
    given = settings.BACKUP_IDENTITY
    if not given:
        raise BackupError(
            "The secret key is missing: set BACKUP_IDENTITY to AGE-SECRET-KEY-… or to the file it is in."
        )
    if not given.startswith(_SECRET):
        try:
            given = Path(given).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise BackupError(
                "BACKUP_IDENTITY is neither AGE-SECRET-KEY-… nor a file that can be read."
            ) from None
    keys = [word for word in given.replace(",", "\n").split() if word.startswith(_SECRET)]
    if not keys:
        raise BackupError("The file of BACKUP_IDENTITY holds no AGE-SECRET-KEY-….")
    return [_identity(word) for word in keys]


def _identity(text: str) -> Identity:
    from pyrage import IdentityError, x25519

    try:
        return x25519.Identity.from_str(text)
    except IdentityError:
        raise BackupError(
            "BACKUP_IDENTITY is malformed: copy the whole AGE-SECRET-KEY-…."
        ) from None

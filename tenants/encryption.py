"""Personal data at rest: encrypted columns, and keyed hashes to look them up by.

Here and not in `accounts`, because a business's own tax number needs it too. Fernet (AES-128-CBC with
HMAC-SHA256); APP_ENCRYPTION_KEYS, newest first: the first encrypts and makes hashes, every one
decrypts and is looked up by. So rows of several keys are read and found side by side, and
`manage.py rotate_encryption_key` brings all of them to the first.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

# How a token of Fernet begins: its version, and a time before the year 2106.
_FERNET = b"gAAAAA"
# The one key of the object that stands for a sealed value.
_SEALED = "sealed"


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "APP_ENCRYPTION_KEY is malformed: each key is 32 bytes in URL-safe base64."
        ) from error


def encrypt(text: str) -> str:
    """The token of `text`; an empty text stays empty, so that absence needs no key."""
    return _box(tuple(settings.APP_ENCRYPTION_KEYS)).encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """The text of a token. Raises cryptography.fernet.InvalidToken when no key opens it."""
    return (
        _box(tuple(settings.APP_ENCRYPTION_KEYS)).decrypt(token.encode()).decode() if token else ""
    )


def is_token(text: str) -> bool:
    """Whether it was encrypted here, by whichever key; what stands in clear was not yet."""
    return text.startswith(_FERNET.decode())


def seal(data: bytes) -> bytes:
    """Bytes, encrypted; a third longer."""
    return _box(tuple(settings.APP_ENCRYPTION_KEYS)).encrypt(data)


def unseal(token: bytes) -> bytes:
    """What `seal` was given. Raises cryptography.fernet.InvalidToken when no key opens it."""
    return _box(tuple(settings.APP_ENCRYPTION_KEYS)).decrypt(token)


def normalise(text: str) -> str:
    """What counts as the same name: no outer space, compatible letters, any letter case."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


@lru_cache(maxsize=8)
def _index_key(key: str) -> bytes:
    return hashlib.sha256(b"blind-index:" + key.encode()).digest()


def _digest(text: str, purpose: str, key: str) -> bytes:
    return hmac.digest(_index_key(key), f"{purpose}:{text}".encode(), "sha256")


def blind_index(text: str, purpose: str) -> str:
    """A keyed hash to write beside an encrypted `text`, by the newest key; empty for an empty text.

    HMAC-SHA256 cut to 128 bits, in URL-safe base64 (22 characters). `purpose` keeps the index of an
    e-mail from equalling that of the same text as a user name.
    """
    return next(iter(blind_indexes(text, purpose)), "")


def blind_indexes(text: str, purpose: str) -> list[str]:
    """What to look `text` up by: its hash by every key, newest first; none for an empty text.

    While keys change some rows are written by the one and some by the other.
    """
    normal = normalise(text)
    if not normal:
        return []
    digests = (_digest(normal, purpose, key) for key in settings.APP_ENCRYPTION_KEYS)
    return [base64.urlsafe_b64encode(one[:16]).decode().rstrip("=") for one in digests]


def blind_numbers(text: str, purpose: str) -> list[int]:
    """Keyed hashes of `text` as it stands, by every key, newest first, cut to 64 bits: for large
    tables. The first is to be written, all are to be looked up by."""
    return [
        int.from_bytes(_digest(text, purpose, key)[:8], "big", signed=True)
        for key in settings.APP_ENCRYPTION_KEYS
    ]


class Sealed:
    """A column that is encrypted in the database and clear in Python. It cannot be looked into.

    What was written before it was encrypted is read as it stands: a release may come to a table
    while the one before still writes to it. `manage.py rotate_encryption_key` seals what is left.
    """

    #: The field that the database sees. For Django's migrations too, unless the class was born so.
    plain: ClassVar[type[models.Field[Any, Any]]]
    is_plain_in_migrations: ClassVar[bool] = True

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()  # type: ignore[misc]
        if self.is_plain_in_migrations:
            path = f"django.db.models.{self.plain.__name__}"
        return name, path, args, kwargs

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)  # type: ignore[misc]
        raise NotImplementedError("An encrypted column is looked up by its blind index.")

    def get_transform(self, name: str) -> Any:
        raise NotImplementedError("The database cannot look into an encrypted column.")

    def token(self, stored: Any) -> bytes | None:
        """The token in a value as it is stored; None for one that stands there in clear."""
        raise NotImplementedError

    def is_fresh(self, stored: Any) -> bool:
        """Whether a value, as it is stored, needs no new encryption: by the first key, or nothing.

        Raises cryptography.fernet.InvalidToken when no key opens it.
        """
        if stored is None or not stored:
            return True
        token = self.token(stored)
        if token is None:
            return False
        keys = tuple(settings.APP_ENCRYPTION_KEYS)
        try:
            _box(keys[:1]).decrypt(token)
        except InvalidToken:
            _box(keys).decrypt(token)
            return False
        return True


class EncryptedTextField(Sealed, models.TextField[Any, Any]):
    """Text; an empty one stays empty."""

    plain = models.TextField
    is_plain_in_migrations = False

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else encrypt(str(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return value if value is None or self.token(value) is None else decrypt(value)

    def get_db_converters(self, connection: Any) -> list[Any]:
        # The rows of a list name the same few people: what comes again within one result of the
        # database is opened once. It is kept by whoever reads that result, and gone with it.
        opened = lru_cache(maxsize=64)(lambda value: self.from_db_value(value, None, connection))
        return [lambda value, _expression, _connection: opened(value)]

    def token(self, stored: Any) -> bytes | None:
        return str(stored).encode() if is_token(str(stored)) else None


class SealedTextField(EncryptedTextField):
    """Text in a column that was clear once: migrations have nothing to do."""

    is_plain_in_migrations = True


class SealedBinaryField(Sealed, models.BinaryField[Any, Any]):
    """Bytes; a third longer in the database."""

    plain = models.BinaryField

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else seal(bytes(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value is None:
            return None
        token = self.token(value)
        return bytes(value) if token is None else unseal(token)

    def token(self, stored: Any) -> bytes | None:
        held = bytes(stored)
        return held if held.startswith(_FERNET) else None


class SealedJSONField(Sealed, models.JSONField[Any, Any]):
    """A JSON value."""

    plain = models.JSONField

    def get_prep_value(self, value: Any) -> Any:
        if value is None:
            return None
        return {_SEALED: encrypt(json.dumps(value, cls=self.encoder, ensure_ascii=False))}

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        stored = super().from_db_value(value, expression, connection)
        token = self.token(stored)
        if token is None:
            return stored
        return json.loads(decrypt(token.decode()), cls=self.decoder)

    def token(self, stored: Any) -> bytes | None:
        if isinstance(stored, dict) and stored.keys() == {_SEALED}:
            return str(stored[_SEALED]).encode()
        return None


class BlindIndexField(models.CharField[Any, Any]):
    """The blind index of the column `of`, whose text `reading` turns into what is looked up.

    `index_columns()` fills it. In migrations it is a CharField.
    """

    def __init__(
        self,
        *args: Any,
        of: str = "",
        purpose: str = "",
        reading: Callable[[str], str] = str,
        **kwargs: Any,
    ) -> None:
        kwargs |= {"max_length": 22, "editable": False}
        super().__init__(*args, **kwargs)
        self.of, self.purpose, self.reading = of, purpose, reading

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def made(self, text: str) -> str | None:
        """What belongs into the column beside this text."""
        return blind_index(self.reading(text), self.purpose) or (None if self.null else "")

    def all_made(self, text: str) -> list[str]:
        """What to look this text up by; none for an empty one."""
        return blind_indexes(self.reading(text), self.purpose)


def index_columns(row: models.Model) -> list[str]:
    """Fill a row's blind indexes from what they are of; the names of these columns."""
    columns = blind_columns(type(row))
    for field in columns:
        setattr(row, field.attname, field.made(getattr(row, field.of)))
    return [field.name for field in columns]


def blind_columns(model: type[models.Model]) -> list[BlindIndexField]:
    return [one for one in model._meta.concrete_fields if isinstance(one, BlindIndexField)]


def sealed_columns(model: type[models.Model]) -> list[Any]:
    """The encrypted columns of a model, each a Sealed."""
    return [one for one in model._meta.concrete_fields if isinstance(one, Sealed)]

"""Personal data at rest: encrypted columns, and keyed hashes to look them up by.

Here and not in `accounts`, because a business's own tax number needs it too. Fernet (AES-128-CBC with
HMAC-SHA256); APP_ENCRYPTION_KEYS, newest first: the first encrypts, every one decrypts. The keyed
hash uses a key derived from the *oldest* one, so that rotation does not change the look-up.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import unicodedata
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
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


def seal(data: bytes) -> bytes:
    """Bytes, encrypted; a third longer."""
    return _box(tuple(settings.APP_ENCRYPTION_KEYS)).encrypt(data)


def unseal(token: bytes) -> bytes:
    """What `seal` was given. Raises cryptography.fernet.InvalidToken when no key opens it."""
    return _box(tuple(settings.APP_ENCRYPTION_KEYS)).decrypt(token)


def normalise(text: str) -> str:
    """What counts as the same name: no outer space, compatible letters, any letter case."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def blind_index(text: str, purpose: str) -> str:
    """A keyed hash to look `text` up by; empty for an empty text.

    HMAC-SHA256 cut to 128 bits, in URL-safe base64 (22 characters). `purpose` keeps the index of an
    e-mail from equalling that of the same text as a user name.
    """
    normal = normalise(text)
    if not normal:
        return ""
    key = hashlib.sha256(b"blind-index:" + settings.APP_ENCRYPTION_KEYS[-1].encode()).digest()
    digest = hmac.new(key, f"{purpose}:{normal}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


class EncryptedTextField(models.TextField[Any, Any]):
    """Text that is encrypted in the database and clear in Python. It cannot be filtered by."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else encrypt(str(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else decrypt(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise NotImplementedError("An encrypted column is looked up by its blind index.")


class SealedBinaryField(models.BinaryField[Any, Any]):
    """Bytes that are encrypted in the database and clear in Python; a third longer there.

    What was written before this field existed is read as it stands.
    """

    def deconstruct(self) -> Any:
        # The column is that of a BinaryField: migrations have nothing to do.
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.BinaryField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else seal(bytes(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value is None:
            return None
        stored = bytes(value)
        return unseal(stored) if stored.startswith(_FERNET) else stored


class SealedJSONField(models.JSONField[Any, Any]):
    """A JSON value that is encrypted in the database and clear in Python. It cannot be looked into.

    What was written before this field existed is read as it stands.
    """

    def deconstruct(self) -> Any:
        # The column is that of a JSONField: migrations have nothing to do.
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        if value is None:
            return None
        return {_SEALED: encrypt(json.dumps(value, cls=self.encoder, ensure_ascii=False))}

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        stored = super().from_db_value(value, expression, connection)
        if isinstance(stored, dict) and stored.keys() == {_SEALED}:
            return json.loads(decrypt(stored[_SEALED]), cls=self.decoder)
        return stored

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise NotImplementedError("A sealed value cannot be looked into by the database.")

    def get_transform(self, name: str) -> Any:
        raise NotImplementedError("A sealed value cannot be looked into by the database.")

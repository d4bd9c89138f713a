"""The two keys: from the environment; on a laptop made once and kept in `var/`."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from pos.configuration import Environment

# As many as Django's own check asks for; make_keys gives 64.
SHORTEST = 50
FEWEST_LETTERS = 5
# What stands in examples, templates and tutorials, and never in 64 random characters.
PLACEHOLDER = re.compile(
    r"django-insecure|change.?(me|this|it)|replace.?(me|this)|your.?secret|secret.?key|place.?holder"
    r"|example|default|insecure|password|<.*>|x{8}|\.\.\.",
    re.IGNORECASE,
)
MAKE = "make one with `python manage.py make_keys` and set it in the environment"


def signing_keys(env: Environment, *, folders: list[Path], required: bool) -> list[str]:
    """SECRET_KEY, which signs, and the keys of SECRET_KEY_FALLBACKS, which only verify.

    Where it is `required` nothing is made, and a key that can be guessed raises
    ImproperlyConfigured; elsewhere it is made once and kept in the last of `folders`.
    """
    name = "SECRET_KEY"
    given = env.secret(name) or kept(name, folders=folders, required=required, make=new_secret_key)
    older = [key.strip() for key in env.secret("SECRET_KEY_FALLBACKS").split(",") if key.strip()]
    if required:
        check_strength(name, given)
        for key in older:
            check_strength("SECRET_KEY_FALLBACKS", key)
    return [given, *older]


def encryption_keys(env: Environment, *, folders: list[Path], required: bool) -> list[str]:
    """The keys of APP_ENCRYPTION_KEY, newest first. Raises ImproperlyConfigured when malformed."""
    name = "APP_ENCRYPTION_KEY"
    given = env.secret(name) or kept(
        name, folders=folders, required=required, make=new_encryption_key
    )
    keys = [key.strip() for key in given.split(",") if key.strip()]
    if not keys or not all(is_encryption_key(key) for key in keys):
        raise ImproperlyConfigured(
            f"{name} is malformed, for each of its keys is 44 characters of URL-safe base64:"
            f" copy it whole from where you keep it, or, if nothing was stored yet, {MAKE}."
        )
    return keys


def check_strength(name: str, key: str) -> None:
    """Raises ImproperlyConfigured for a key that somebody could guess."""
    if PLACEHOLDER.search(key):
        raise ImproperlyConfigured(f"{name} is a placeholder that anybody knows: {MAKE}.")
    if len(key) < SHORTEST or len(set(key)) < FEWEST_LETTERS:
        raise ImproperlyConfigured(
            f"{name} is too easy to guess, for it has fewer than {SHORTEST} characters or hardly"
            f" any different ones: {MAKE}."
        )


def is_encryption_key(key: str) -> bool:
    try:
        return len(key) == 44 and len(base64.b64decode(key, altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def kept(name: str, *, folders: list[Path], required: bool, make: Callable[[], str]) -> str:
    """The key that lies in one of `folders`; otherwise a new one, kept in the last of them.

    The file is readable by its owner alone. Raises ImproperlyConfigured where a key is `required`
    from the environment.
    """
    if required:
        raise ImproperlyConfigured(f"{name} is not set: {MAKE}.")
    for folder in folders:
        if (folder / name.lower()).exists():
            return (folder / name.lower()).read_text().strip()
    folder = folders[-1]
    path = folder / name.lower()
    folder.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(make())
    # link() fails when another process was first: then its key is the one.
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return path.read_text().strip()


def new_secret_key() -> str:
    return secrets.token_urlsafe(48)


def new_encryption_key() -> str:
    return Fernet.generate_key().decode()

"""Secrets: from the environment; on a laptop made once and kept in `var/`."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured


def secret(name: str, *, folder: Path, production: bool, make: Callable[[], str]) -> str:
    """The value of the variable `name`; on a laptop a generated one, kept in `folder`.

    The file is readable by its owner alone. In production a missing variable raises
    ImproperlyConfigured with the sentence that mends it.
    """
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if production:
        raise ImproperlyConfigured(
            f"{name} is not set. Make one with `python manage.py make_keys` and set it in the environment."
        )
    path = folder / name.lower()
    if not path.exists():
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

"""What commands that make accounts ask for, and how they say what is wrong."""

from __future__ import annotations

import getpass
import os
import sys

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from environ import FileAwareMapping

from accounts import passwords
from tenants.errors import Refused


def at_terminal() -> bool:
    return sys.stdin.isatty()


def environment(variable: str) -> str:
    """What the variable holds, or the file that NAME_FILE names; empty when neither is there.

    Raises CommandError when that file cannot be read.
    """
    try:
        return str(FileAwareMapping(os.environ, cache=False).get(variable, "")).strip()
    except OSError as error:
        raise CommandError(
            f"{variable}_FILE names a file that cannot be read ({error.strerror}): correct its path"
            " or its rights."
        ) from None


def first_password(variable: str) -> tuple[str, bool]:
    """A new person's password, and whether it was made here and must be replaced.

    From the environment variable, from the terminal, or made. Raises CommandError.
    """
    given = environment(variable)
    if not given and not at_terminal():
        return passwords.generate(), True
    if not given:
        given = getpass.getpass("Password (empty: make one): ")
        if not given:
            return passwords.generate(), True
        if getpass.getpass("Once more: ") != given:
            raise CommandError("The two passwords are not the same.")
    try:
        validate_password(given)
    except ValidationError as error:
        raise CommandError(sentence(error)) from None
    return given, False


def answer(question: str, given: str, variable: str = "") -> str:
    """What was given, else the environment's, else what a person at the terminal types."""
    known = given or (environment(variable) if variable else "")
    if known or not at_terminal():
        return known.strip()
    return input(f"{question}: ").strip()


def sentence(error: Refused | ValidationError) -> str:
    if isinstance(error, Refused):
        return str(error.message)
    fields = getattr(error, "message_dict", {"": error.messages})
    return " ".join(
        f"{name}: {text}" if name and name != "__all__" else str(text)
        for name, texts in fields.items()
        for text in texts
    )

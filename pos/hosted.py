"""The database of a host that gives one login for everything, served by an ordinary role.

Row-level security does not bind the login that owns the tables. On Vercel, where nobody is there to
make another one, `deploy` makes it, with a password that both it and the running functions derive
from the owner's: nothing has to be copied, and nothing secret is printed in the build log.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pos.database import database, using_direct

OWNER = ["manage.py", "migrate"]
SERVING = ["manage.py", "serve"]


def configured(
    folder: Path, argv: list[str], environ: Mapping[str, str], role: str
) -> dict[str, Any]:
    """The `default` entry of DATABASES for this process.

    On Vercel a process that serves does so as `role`, unless it was given another login than the
    owner's.
    """
    config = database(folder, argv, environ)
    if not environ.get("VERCEL") or config["ENGINE"] != "tenants.db" or using_direct(argv, environ):
        return config
    owner = database(folder, OWNER, environ)
    if login(config) != login(owner):
        return config
    return {
        **config,
        "USER": as_role(owner["USER"], role),
        "PASSWORD": derived_password(owner["PASSWORD"], role),
    }


def login(config: Mapping[str, Any]) -> tuple[str, str]:
    return config["USER"], config["PASSWORD"]


def as_role(user: str, role: str) -> str:
    """The user name of `role` at the same host: Supabase's pooler wants `role.project`."""
    _, dot, project = user.partition(".")
    return f"{role}{dot}{project}"


def role_of(user: str) -> str:
    """The role behind a user name; the reverse of `as_role`."""
    return user.partition(".")[0]


def derived_password(owner_password: str, role: str) -> str:
    """43 letters that only who has the owner's password can work out, and that do not tell it.

    They change with that password alone, so an older release that is brought back still signs in.
    """
    told = f"tillbook runtime role {role}".encode()
    digest = hmac.new(owner_password.encode(), told, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")

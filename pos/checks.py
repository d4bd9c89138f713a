"""System checks of the project as a whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from pos.database import using_direct
from tenants import roles


@register(Tags.database)
def check_role(
    app_configs: Sequence[Any] | None = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Row-level security must bind the role the application runs as.

    What migrates runs as the owner, whom it never binds, and serves nobody.
    """
    if using_direct(sys.argv, os.environ):
        return []
    return [
        Error(f"Row-level security does not hold: {problem}.", id="pos.E001", hint=ROLE_HINT)
        for alias in databases or []
        for problem in roles.problems(connections[alias])
    ]


ROLE_HINT = "Run `python manage.py setup_roles` and use the DATABASE_URL that it prints."


@register("pos")
def check_pooler(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Behind a transaction pooler these two settings are isolation, not tuning."""
    config: dict[str, Any] = settings.DATABASES["default"]
    if config["ENGINE"] == "django.db.backends.sqlite3":
        return []
    errors: list[CheckMessage] = []
    if config["ENGINE"] != "tenants.db":
        errors.append(Error("The database engine must be tenants.db.", id="pos.E002"))
    if not config.get("DISABLE_SERVER_SIDE_CURSORS"):
        errors.append(Error("DISABLE_SERVER_SIDE_CURSORS must be True.", id="pos.E003"))
    if config["OPTIONS"].get("prepare_threshold", 5) is not None:
        errors.append(Error("prepare_threshold must be None.", id="pos.E004"))
    if not config["ATOMIC_REQUESTS"]:
        errors.append(Error("ATOMIC_REQUESTS must be True.", id="pos.E005"))
    return errors

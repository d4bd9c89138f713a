"""What a web process makes sure of before it answers its first request."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.utils import OperationalError

from tenants import roles

logger = logging.getLogger(__name__)

SEED = settings.BASE_DIR / "seed" / "tillbook.sqlite3"


def prepare() -> None:
    """Refuse to serve as a role that row-level security does not bind.

    Raises ImproperlyConfigured. A database that cannot be reached yet is no reason to refuse: the
    requests then fail by themselves, and a restart asks again.
    """
    if settings.SQLITE:
        unpack_seed(Path(settings.DATABASES["default"]["NAME"]))
        return
    try:
        problems = roles.problems(connection)
    except OperationalError:
        logger.warning("The database does not answer yet; its role was not checked.")
        return
    finally:
        connection.close()
    if not settings.PRODUCTION:
        logger.warning(
            "PRODUCTION is not set: any host name is accepted and cookies travel without TLS."
            " Set PRODUCTION=1 and ALLOWED_HOSTS where customers' data is kept."
        )
    if problems:
        raise ImproperlyConfigured(
            "Row-level security does not hold: "
            + "; ".join(problems)
            + ". Run `python manage.py setup_roles` and use the DATABASE_URL that it prints."
        )


def unpack_seed(database: Path) -> None:
    """Without a configured database, start from the one that the build made, if it made one."""
    if SEED.exists() and not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SEED, database)
        logger.warning(
            "No database is configured: data is kept in %s and will be lost. Set DATABASE_URL.",
            database,
        )

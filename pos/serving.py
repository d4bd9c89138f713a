"""What a web process makes sure of before it answers its first request."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import shutil
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.utils import OperationalError
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import get_resolver

from pos.static_files import StaticFiles
from tenants import roles

logger = logging.getLogger(__name__)

# M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of <malloc.h>.
_MAP_FROM, _KEEP = -3, -1
#: Bytes: larger values are given back at once, and as much is kept for smaller ones. As the C library
#: begins with; told so, it does not grow them.
LARGE = 128 * 1024

SEED = settings.BASE_DIR / "seed" / "tillbook.sqlite3"


def prepare() -> None:
    """Refuse to serve as a role that row-level security does not bind.

    Raises ImproperlyConfigured. A database that cannot be reached yet is no reason to refuse: the
    requests then fail by themselves, and a restart asks again.
    """
    if settings.EPHEMERAL:
        unpack_seed(Path(settings.DATABASES["default"]["NAME"]))
        tell_that_nothing_lasts()
    if settings.SQLITE:
        return
    problems: list[str] = []
    for served in connections.all():
        try:
            problems += roles.problems(served)
        except OperationalError:
            logger.warning(
                "A database (%s) does not answer yet; its role was not checked.", served.alias
            )
        finally:
            served.close()
    if not settings.PRODUCTION:
        logger.warning(
            "PRODUCTION is not set: any host name is accepted and cookies travel without TLS."
            " Set PRODUCTION=1 and ALLOWED_HOSTS where customers' data is kept."
        )
    if problems:
        more = f" (and {len(problems) - 1} more of the kind)" if problems[1:] else ""
        raise ImproperlyConfigured(
            "DATABASE_URL leads past row-level security, which keeps businesses apart:"
            f" {problems[0]}{more}. Run `python manage.py setup_roles` and set the DATABASE_URL"
            " that it prints."
        )


def unpack_seed(database: Path) -> None:
    """Start from the database that the build made, if it made one and there is none here yet."""
    if not SEED.exists() or database.exists():
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: another process on this machine may be looking for it.
    part = database.with_name(f"{database.name}.{os.getpid()}")
    shutil.copyfile(SEED, part)
    part.replace(database)


def tell_that_nothing_lasts() -> None:
    """One line in the log of each process; the pages say it in a banner."""
    if settings.PREVIEW:
        logger.warning(
            "This is a preview with a demo of its own, and what is entered will be lost. Where"
            " previews have a database, set PREVIEW_DATABASE=1 for them."
        )
    else:
        logger.warning(
            "No database is set up: what is entered will be lost. Set DATABASE_URL, SECRET_KEY and"
            " APP_ENCRYPTION_KEY, and deploy again."
        )


def give_back() -> None:
    """Let this process, and those forked from it, return memory to the system once it is free.

    The C library keeps by itself up to twice its largest value so far, in a heap for each thread:
    40 MB after some first copies of a large catalogue. Nothing happens where it is not GNU's.
    """
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for option in (_MAP_FROM, _KEEP):
        set_option(option, LARGE)


def load_everything() -> None:
    """Import all views and compile all pages, in the process that workers are forked from.

    They share what is loaded before and what nobody writes to; so what is there is put where the
    search for garbage, which marks what it walks, does not come.
    """
    for urlconf in (settings.ROOT_URLCONF, settings.BUSINESS_URLCONF, settings.DEVICE_URLCONF):
        _names = get_resolver(urlconf).reverse_dict
    for folder in sorted(settings.BASE_DIR.glob("*/templates")):
        for file in sorted(folder.rglob("*.html")):
            try:
                get_template(str(file.relative_to(folder)))
            except TemplateDoesNotExist:
                # Of a program in this folder that is not installed.
                continue
    for files in StaticFiles.made:
        files.read()
    gc.collect()
    gc.freeze()

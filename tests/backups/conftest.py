"""An installation with two businesses, and the keys of its backups."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import User
from backups import keys, scratch
from tenants.context import business
from tests.backups import installation
from tests.backups.installation import Installation
from tests.factories import PASSWORD, make_shift, make_shop
from tests.sales.selling import sell

PICTURES = {"products/mug.jpg": b"\xff\xd8 a mug" * 500, "products/tea.png": b"\x89PNG tea"}


@pytest.fixture(scope="session")
def base(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database with two shops that have sold, to copy."""
    folder = tmp_path_factory.mktemp("base")
    with django_db_blocker.unblock():
        name = installation.make_base(folder)
    made = Installation(name, folder, folder)
    with django_db_blocker.unblock(), made.as_web_server():
        for slug in ("acme", "rival"):
            with transaction.atomic():
                shop = make_shop(slug)
            with business(shop.business), transaction.atomic():
                make_shift(shop)
                sell(shop, (shop.mug, "2"), (shop.tea, "0.5"))
        with transaction.atomic():
            # As in production: what the tests' quick hashes are, no import takes.
            User.objects.update(password=make_password(PASSWORD, hasher="argon2"))
    yield name
    with django_db_blocker.unblock():
        installation.remove(made)


@pytest.fixture
def house(
    base: str,
    tmp_path: Path,
    settings: LazySettings,
    django_db_blocker: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Installation]:
    """A copy of it, with pictures; `BACKUP_TO` is a folder, and there is a key."""
    # Several processes test on one server: each tells its own drills from the others'.
    monkeypatch.setattr(scratch, "_DATABASE", f"tillbook_drill_{os.getpid()}_")
    made = installation.copy_of(base, tmp_path)
    for name, content in PICTURES.items():
        path = made.var / "media" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    settings.VAR_DIR, settings.MEDIA_ROOT = made.var, made.var / "media"
    settings.BACKUP_TO = str(made.store)
    settings.BACKUP_RECIPIENTS, settings.BACKUP_IDENTITY = [], ""
    settings.BACKUP_PASSPHRASE = settings.DRILL_URL = settings.BACKUP_PG_PROGRAMS = ""
    public, secret = keys.new_key()
    settings.BACKUP_RECIPIENTS, settings.BACKUP_IDENTITY = [public], secret
    with django_db_blocker.unblock():
        yield made
        installation.remove(made)


@pytest.fixture
def taken(house: Installation) -> str:
    """The name of a backup that was taken of it."""
    house.run("backup")
    (name,) = [one.name for one in house.store.iterdir()]
    return name

"""The product as gunicorn serves it, with one address more; BROKEN_DB=1 breaks its backend."""

from __future__ import annotations

import os

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
settings.DEVICE_URLCONF = "tests.isolation.pool_urls"
if os.environ.get("BROKEN_DB"):
    settings.DATABASES["default"]["ENGINE"] = "tests.isolation.session_db"

from pos.wsgi import application  # noqa: E402 - after the settings are changed

__all__ = ["application"]

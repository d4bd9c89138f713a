"""The product as gunicorn serves it, with pages that need no collected static files."""

from __future__ import annotations

import os

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
settings.STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}

from pos.wsgi import application  # noqa: E402 - after the settings are changed

__all__ = ["application"]

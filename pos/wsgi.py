"""The WSGI entry: gunicorn and Vercel both load `application` (and `app`) from here."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")

application = get_wsgi_application()

from pos.serving import prepare  # noqa: E402 - needs the applications that were just loaded

prepare()
app = application

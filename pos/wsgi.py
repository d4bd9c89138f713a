"""The WSGI entry: gunicorn and Vercel both load `application` (and `app`) from here."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")

application = get_wsgi_application()
app = application

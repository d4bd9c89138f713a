"""The WSGI entry: gunicorn and Vercel both load `application` (and `app`) from here."""

import gc
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")

# Nothing that starting makes is garbage, and looking for some takes a fifth of the start.
gc.disable()
try:
    application = get_wsgi_application()

    # Needs the applications that were just loaded.
    from pos.serving import prepare

    prepare()
except ImproperlyConfigured as error:
    # The sentence and no traceback. 4 is gunicorn's "the application cannot be loaded": it ends
    # instead of starting workers again and again.
    print(f"Tillbook does not start: {error}", file=sys.stderr, flush=True)
    sys.exit(4)
# What is loaded by now stays: it is never walked again, and workers share it with who forked them.
gc.freeze()
gc.enable()

app = application

"""The WSGI entry: gunicorn and Vercel both load `application` (and `app`) from here."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")


@contextmanager
def without(*names: str) -> Iterator[None]:
    """As if these modules were not installed, where they are not loaded yet."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


# Nothing that starting makes is garbage, and looking for some takes a fifth of the start.
gc.disable()
try:
    django.setup(set_prefix=False)

    # Needs the applications that were just loaded.
    from pos.front import Handler
    from pos.serving import prepare

    application = Handler()
    # REST framework imports these because they are there, and nobody asks it for what they do: a
    # tenth of all modules.
    with without("pygments", "requests", "yaml"):
        import rest_framework.compat  # noqa: F401

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

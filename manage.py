#!/usr/bin/env python
"""Tillbook's command line: `python manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
    if sys.argv[1:2] == ["make_keys"]:
        # The one command that runs before there are keys: it gets throw-away ones.
        from pos.keys import new_encryption_key, new_secret_key

        os.environ["SECRET_KEY"] = new_secret_key()
        os.environ["APP_ENCRYPTION_KEY"] = new_encryption_key()
        os.environ["ALLOWED_HOSTS"] = "localhost"
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        # Django itself would first look what is wrong with the command.
        _ = settings.INSTALLED_APPS
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Tillbook does not start: {error}")


if __name__ == "__main__":
    main()

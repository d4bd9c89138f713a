#!/usr/bin/env python
"""Tillbook's command line: `python manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
    if sys.argv[1:2] == ["make_keys"]:
        # The one command that runs before there are keys: it gets throw-away ones.
        from pos.keys import new_encryption_key, new_secret_key

        os.environ.setdefault("SECRET_KEY", new_secret_key())
        os.environ.setdefault("APP_ENCRYPTION_KEY", new_encryption_key())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

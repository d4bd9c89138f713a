"""`manage.py make_keys`: what production asks for before it starts."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from pos.keys import new_encryption_key, new_secret_key


class Command(BaseCommand):
    help = (
        "Print a new SECRET_KEY and a new APP_ENCRYPTION_KEY, ready for the environment. Nothing "
        "is stored. Keep the encryption key safe: without it names and e-mails cannot be read."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"SECRET_KEY={new_secret_key()}")
        self.stdout.write(f"APP_ENCRYPTION_KEY={new_encryption_key()}")

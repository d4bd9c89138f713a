"""`manage.py create_owner`: a first business and the person who owns it."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import beginnings, passwords
from tenants.errors import Refused


class Command(BaseCommand):
    help = (
        "Make a business with a first location and the usual roles, and a person who owns it. "
        "If the user name exists already, that person becomes the owner and keeps the password. "
        "Without a terminal nothing is asked: the password comes from OWNER_PASSWORD, or one is "
        "made and printed, to be replaced at the first sign-in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--business", required=True, metavar="NAME", help="its name")
        parser.add_argument("--username", required=True, help="for signing in")
        parser.add_argument("--email", default="", help="for signing in and forgotten passwords")
        parser.add_argument("--name", default="", help="the person's name")
        parser.add_argument("--slug", default="", help="word in the address; made from the name")
        parser.add_argument("--currency", default="EUR", help="ISO 4217 code (EUR)")
        parser.add_argument("--time-zone", default="UTC", help="such as Europe/Amsterdam (UTC)")
        parser.add_argument("--locale", default="en_GB", help="of numbers and dates (en_GB)")
        parser.add_argument("--location", default="Main", help="name of the first location (Main)")

    def handle(self, *args: Any, **options: Any) -> None:
        known = beginnings.user_named(options["username"])
        password, generated = ("", False) if known else self.password()
        try:
            business = beginnings.start_business(
                name=options["business"],
                slug=options["slug"],
                currency=options["currency"].upper(),
                time_zone=options["time_zone"],
                locale=options["locale"],
                location=options["location"],
                owner=known
                or beginnings.NewOwner(
                    username=options["username"],
                    email=options["email"],
                    name=options["name"],
                    password=password,
                    must_change=generated,
                ),
            )
        except (Refused, ValidationError) as error:
            raise CommandError(_sentence(error)) from None
        self.stdout.write(
            f"Made {business.name} at /b/{business.slug}/, owned by {options['username']}."
        )
        if generated:
            self.stdout.write(f"First password, shown this once: {password}")

    def password(self) -> tuple[str, bool]:
        """The password, and whether it was made here."""
        given = os.environ.get("OWNER_PASSWORD", "")
        if not given and not sys.stdin.isatty():
            return passwords.generate(), True
        if not given:
            given = getpass.getpass("Password (empty: make one): ")
            if not given:
                return passwords.generate(), True
            if getpass.getpass("Once more: ") != given:
                raise CommandError("The two passwords are not the same.")
        try:
            validate_password(given)
        except ValidationError as error:
            raise CommandError(_sentence(error)) from None
        return given, False


def _sentence(error: Refused | ValidationError) -> str:
    if isinstance(error, Refused):
        return str(error.message)
    fields = getattr(error, "message_dict", {"": error.messages})
    return " ".join(
        f"{name}: {text}" if name and name != "__all__" else str(text)
        for name, texts in fields.items()
        for text in texts
    )

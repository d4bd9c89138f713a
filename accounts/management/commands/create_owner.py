"""`manage.py create_owner`: a first business and the person who owns it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import beginnings
from accounts.management.asking import first_password, sentence
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
        password, generated = ("", False) if known else first_password("OWNER_PASSWORD")
        try:
            business = beginnings.start_business(
                name=options["business"],
                slug=options["slug"],
                currency=options["currency"].upper(),
                time_zone=options["time_zone"],
                locale=options["locale"],
                location=options["location"],
                owner=known
                or beginnings.NewPerson(
                    username=options["username"],
                    email=options["email"],
                    name=options["name"],
                    password=password,
                    must_change=generated,
                ),
            )
        except (Refused, ValidationError) as error:
            raise CommandError(sentence(error)) from None
        self.stdout.write(
            f"Made {business.name} at /b/{business.slug}/, owned by {options['username']}."
        )
        if generated:
            self.stdout.write(f"First password, shown this once: {password}")

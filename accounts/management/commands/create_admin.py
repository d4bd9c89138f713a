"""`manage.py create_admin`: somebody who looks after the installation, or after one business."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import beginnings
from accounts.management.asking import answer, at_terminal, environment, first_password, sentence
from tenants.choosing import chosen_business
from tenants.context import business
from tenants.errors import Refused


class Command(BaseCommand):
    help = (
        "Make an administrator: of the platform (sees how the installation runs, and no shop), or"
        " of one business (an owner with every right). Somebody who has an account keeps the"
        " password. At a terminal it asks for what is not given; elsewhere options or"
        " ADMIN_USERNAME, ADMIN_EMAIL and ADMIN_PASSWORD say it, and without a password one is made"
        " and printed, to be replaced at the first sign-in. A new business: create_owner."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--platform", action="store_true", help="of the whole installation")
        where.add_argument("--business", default="", help="its address, name or id")
        parser.add_argument("--username", default="", help="for signing in")
        parser.add_argument("--email", default="", help="for signing in and forgotten passwords")
        parser.add_argument("--name", default="", help="the person's name")

    def handle(self, *args: Any, **options: Any) -> None:
        target = options["business"]
        if not options["platform"]:
            target = answer("Business (empty: the platform)", target)
            if not target and not at_terminal():
                raise CommandError("Say of what: --platform, or --business NAME.")
        chosen = chosen_business(target) if target else None
        person, password = self._person(options)
        try:
            if chosen is None:
                beginnings.put_in_charge_of_platform(person)
                place = "the platform. How it runs is shown at /status/"
            else:
                with business(chosen):
                    beginnings.put_in_charge(person)
                place = f"{chosen.name} at /b/{chosen.slug}/"
        except (Refused, ValidationError) as error:
            raise CommandError(sentence(error)) from None
        self.stdout.write(f"{person.username} is an administrator of {place}.")
        if password:
            self.stdout.write(f"First password, shown this once: {password}")

    def _person(self, options: dict[str, Any]) -> tuple[Any, str]:
        """Who it is, and the password to print, if one was made. Raises CommandError."""
        username = answer("User name", options["username"], "ADMIN_USERNAME")
        if not username:
            raise CommandError("Say who: --username NAME, or ADMIN_USERNAME.")
        known = beginnings.user_named(username)
        if known:
            return known, ""
        email = answer("E-mail (may be empty)", options["email"], "ADMIN_EMAIL")
        password, made = first_password("ADMIN_PASSWORD")
        name = options["name"] or environment("ADMIN_NAME")
        person = beginnings.NewPerson(
            username=username, email=email, name=name, password=password, must_change=made
        )
        return person, password if made else ""

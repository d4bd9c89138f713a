"""`manage.py demo`: two shops to look around in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.crypto import get_random_string

from accounts.models import User
from archive.demo import PASSWORD, SEED, SHOPS, Made, is_here, make_demo
from tenants.models import Business


class Command(BaseCommand):
    help = (
        "Make two demo shops with people in every role, real products and some weeks of sales, and "
        "print who can sign in. The same seed gives the same demo."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing when there are businesses already"
        )
        parser.add_argument(
            "--seed", type=int, default=SEED, help="another demo for another number"
        )
        parser.add_argument("--days", type=int, default=30, help="how many days of sales")
        parser.add_argument(
            "--password", help="of all demo people; in production one is made up otherwise"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= 365:
            raise CommandError("--days is a number from 1 to 365.")
        if options["if_empty"] and Business.objects.exists():
            if is_here():
                self.table()
            return
        if is_here():
            raise CommandError("The demo is here already; it is made once.")
        password = options["password"] or (
            get_random_string(16) if settings.PRODUCTION else PASSWORD
        )
        for made in make_demo(seed=options["seed"], days=options["days"], password=password):
            self.tell(made)
        self.table(password)

    def tell(self, made: Made) -> None:
        self.stdout.write(
            f"{made.shop.name}: {made.variations} products and variations, {made.sales} sales"
        )

    def table(self, password: str | None = None) -> None:
        """Who can sign in; without a `password`, whose is still that of the demo."""
        rows = [("Shop", "Role", "User name", "Password")]
        known: dict[str, str] = {}
        for shop in SHOPS:
            for person in shop.people:
                if person.username not in known:
                    known[person.username] = password or _known_password(person.username)
                rows.append((shop.name, person.role, person.username, known[person.username]))
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        self.stdout.write("")
        for row in rows:
            line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
            self.stdout.write("  " + line.rstrip())


def _known_password(username: str) -> str:
    user = User.objects.named(username).first()
    return PASSWORD if user is not None and user.check_password(PASSWORD) else "(changed)"

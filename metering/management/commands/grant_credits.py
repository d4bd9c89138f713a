"""`manage.py grant_credits`: give API credits to one business or to all."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from metering import ledger
from metering.ledger import Kind
from tenants import context
from tenants.choosing import chosen_business
from tenants.errors import Refused
from tenants.models import Business


class Command(BaseCommand):
    help = (
        "Give API credits to one business or to all. With a reference it may be run again: each "
        "business has one entry of that reference. Businesses that are switched off are left out "
        "of all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("amount", type=int, help="how many; a correction may be negative")
        whom = parser.add_mutually_exclusive_group(required=True)
        whom.add_argument("--business", metavar="BUSINESS", help="its address, id or name")
        whom.add_argument("--all", action="store_true", help="every business")
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--bought", action="store_true", help="they were paid for: a purchase, not a grant"
        )
        how.add_argument(
            "--correct", action="store_true", help="a correction of what was wrong before"
        )
        parser.add_argument("--reason", required=True, help="for the owner, such as “Welcome”")
        parser.add_argument(
            "--reference", default="", help="such as the number of an invoice; once per business"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        kind = Kind.GRANTED
        if options["bought"]:
            kind = Kind.BOUGHT
        elif options["correct"]:
            kind = Kind.CORRECTED
        if options["all"]:
            businesses = list(Business.objects.filter(is_active=True).order_by("slug"))
        else:
            businesses = [chosen_business(options["business"])]
        refused = 0
        for business in businesses:
            try:
                self.stdout.write(f"{business.slug}: {self.give(business, kind, options)}")
            except Refused as no:
                refused += 1
                self.stderr.write(f"{business.slug}: {no.message}")
        if refused:
            raise CommandError(f"{refused} of {len(businesses)} were not given any.")

    def give(self, business: Business, kind: Kind, options: dict[str, Any]) -> str:
        """What was done, for people; each business in a transaction of its own. Raises Refused."""
        with context.business(business):
            entry, made = ledger.post(
                kind=kind,
                amount=options["amount"],
                reason=options["reason"],
                reference=options["reference"],
            )
        if not made:
            return f"has them already, since {entry.created_at:%Y-%m-%d}; nothing was done"
        return (
            f"{entry.get_kind_display().lower()} {entry.amount}, now {entry.balance} in the ledger"
        )

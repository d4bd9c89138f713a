"""`manage.py expire_credit`: book the credit that could be spent until yesterday."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from sales import credit
from sales.models import CreditAccount
from sales.standings import standings
from tenants import context, formats
from tenants.choosing import chosen_business
from tenants.models import Business


class Command(BaseCommand):
    help = (
        "Take credit whose last day has passed off the customers' accounts, in every business and "
        "by its own calendar. To be run once a day; running it again changes nothing. Credit that "
        "has expired cannot be spent in the meantime either."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--business", metavar="BUSINESS", help="only this one: its address, id or name"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would expire and change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["business"]
        businesses = (
            [chosen_business(wanted)] if wanted else list(Business.objects.order_by("slug"))
        )
        for business in businesses:
            with context.business(business):
                count, amount = _would() if options["dry_run"] else credit.expire()
                verb = "would expire" if options["dry_run"] else "expired"
                said = f"{formats.money(amount)} {verb} for {count} customers"
                self.stdout.write(f"{business.slug}: {said if count else 'nothing to do'}")


def _would() -> tuple[int, Any]:
    with transaction.atomic():
        accounts = CreditAccount.objects.filter(pk__in=credit.overdue())
        found = standings(accounts.values_list("customer_id", flat=True))
    return len(found), sum(one.expired for one in found.values())

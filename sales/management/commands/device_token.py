"""`manage.py device_token`: connect a terminal or a program to a register."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.beginnings import user_named
from accounts.models import Membership
from sales.models import Register
from sales.terminals import connect
from tenants import context
from tenants.choosing import chosen_business
from tenants.errors import Refused


class Command(BaseCommand):
    help = (
        "Connect a device to a register and print its token, which is shown this once. The device "
        "acts in the name of a person, with that person's rights, at the register's location. A "
        "device that the register had before is disconnected."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--business", required=True, metavar="BUSINESS", help="address, id or name"
        )
        parser.add_argument("--register", required=True, metavar="PREFIX", help="such as HS1")
        parser.add_argument("--user", required=True, metavar="NAME", help="user name of the person")
        parser.add_argument("--name", default="", help="of the device (that of the register)")

    def handle(self, *args: Any, **options: Any) -> None:
        business = chosen_business(options["business"])
        # The business is known to PostgreSQL within a transaction only.
        with context.business(business), transaction.atomic():
            register = Register.objects.filter(prefix=options["register"].upper()).first()
            if register is None:
                known = ", ".join(Register.objects.values_list("prefix", flat=True)) or "none"
                raise CommandError(
                    f"There is no register “{options['register']}”. There are: {known}."
                )
            user = user_named(options["user"])
            member = Membership.objects.filter(user=user, is_active=True).first() if user else None
            if member is None:
                raise CommandError(f"Nobody here signs in as “{options['user']}”.")
            try:
                _device, token = connect(
                    actor=member,
                    register=register,
                    membership=member,
                    name=options["name"] or register.name,
                )
            except Refused as refused:
                raise CommandError(str(refused.message)) from None
        self.stdout.write(token)

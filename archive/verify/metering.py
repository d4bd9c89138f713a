"""API credits: the ledger, the account, and what keys asked for (issue 5)."""

from __future__ import annotations

from typing import Any

from django.db.models import (
    BigIntegerField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from archive.verify.rules import Look, Rule, rule
from metering.models import ApiAccount, ApiEntry, KeyDay

AREA = "api"
WHOLE: BigIntegerField[Any, Any] = BigIntegerField()
KINDS = ApiEntry.Kind


def _whole(look: Look, rows: QuerySet[Any], column: str, total: QuerySet[Any]) -> None:
    """Rows whose whole number is not the total; nothing is zero."""
    wrong = rows.annotate(should=Coalesce(Subquery(total), Value(0), output_field=WHOLE))
    for pk, should, found in look.first(wrong.exclude(**{column: F("should")}), "should", column):
        look.tell(rows.model, pk, column, should, found)


@rule(AREA, _("The API credits of the business are not the sum of their entries."))
def api_credits_are_the_sum_of_their_entries(look: Look) -> None:
    """The account is the running sum of an append-only ledger."""
    total = ApiEntry.objects.filter(account=OuterRef("pk")).order_by().values("account")
    _whole(look, ApiAccount.objects.all(), "balance", total.annotate(n=Sum("amount")).values("n"))


@rule(AREA, _("The balance beside an entry of API credits is not the sum up to it."))
def api_credits_run_with_their_entries(look: Look) -> None:
    """Each entry's balance is the sum of all up to it: one that was changed is noticed."""
    upto = ApiEntry.objects.filter(account=OuterRef("account"), number__lte=OuterRef("number"))
    total = upto.order_by().values("account").annotate(n=Sum("amount")).values("n")
    _whole(look, ApiEntry.objects.all(), "balance", total)


@rule(AREA, _("An entry of API credits is missing."))
def api_entries_have_no_gaps(look: Look) -> None:
    """Numbers run from 1 to what the account counts: one that was deleted is noticed."""
    before = ApiEntry.objects.filter(number=OuterRef("number") - 1)
    wrong = ApiEntry.objects.filter(~Exists(before)).exclude(number=1)
    look.rows(wrong, "number", "the number after that of another entry")
    last = ApiEntry.objects.filter(account=OuterRef("pk"), number=OuterRef("entries_made"))
    look.rows(
        ApiAccount.objects.filter(~Exists(last), entries_made__gt=0),
        "entries_made",
        "the number of the last entry",
    )


@rule(AREA, _("An entry of API credits goes in the wrong direction."))
def api_entry_has_its_sign(look: Look) -> None:
    """What is granted or bought comes in; what is used goes out, and names its key and day."""
    used = Q(device__isnull=False, day__isnull=False, upto__isnull=False)
    by_hand = Q(device=None, day=None, upto=None)
    right = (
        Q(by_hand, kind__in=(KINDS.GRANTED, KINDS.BOUGHT), amount__gt=0)
        | Q(used, kind=KINDS.USED, amount__lt=0)
        | Q(by_hand, ~Q(amount=0), kind=KINDS.CORRECTED)
    )
    look.rows(ApiEntry.objects.exclude(right), "amount", "an amount with the sign of its kind")


@rule(AREA, _("What is counted as used is not what the days of the keys say."))
def api_pending_is_what_the_days_say(look: Look) -> None:
    """What is not in the ledger yet is the sum of what keys were charged less what was booked."""
    due: Any = KeyDay.objects.filter(business=OuterRef("business")).order_by().values("business")
    due = due.annotate(n=Sum(F("charged") - F("folded"))).values("n")
    _whole(look, ApiAccount.objects.all(), "pending", due)
    if not ApiAccount.objects.exists():
        look.rows(KeyDay.objects.filter(charged__gt=0), "charged", "an account of API credits")


@rule(AREA, _("What a key used on a day is not what the ledger says."))
def api_use_is_booked_once(look: Look) -> None:
    """Folded use is counted requests: the entries of a key and day sum to what was booked of it."""
    booked = ApiEntry.objects.filter(device=OuterRef("device"), day=OuterRef("day"))
    booked = booked.order_by().values("device").annotate(n=-Sum("amount")).values("n")
    _whole(look, KeyDay.objects.all(), "folded", booked)
    of_no_day = KeyDay.objects.filter(device=OuterRef("device"), day=OuterRef("day"))
    lost = ApiEntry.objects.filter(~Exists(of_no_day), kind=KINDS.USED)
    look.rows(lost, "day", "a day on which the key was used")


RULES: tuple[Rule, ...] = (
    api_credits_are_the_sum_of_their_entries,
    api_credits_run_with_their_entries,
    api_entries_have_no_gaps,
    api_entry_has_its_sign,
    api_pending_is_what_the_days_say,
    api_use_is_booked_once,
)

"""Customer credit: accounts, entries, and the payments that they are (DESIGN 1 and 6)."""

from __future__ import annotations

from typing import Any

from django.db.models import (
    CharField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Sum,
    Value,
    Window,
)
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from archive.verify.rules import Look, Rule, rule, with_its
from sales import lots
from sales.models import CreditAccount, CreditEntry, Payment, Register, Sale, SaleLine
from sales.standings import movements

AREA = "credit"
#: Accounts whose entries are in memory at once.
CHUNK = 500
KINDS = CreditEntry.Kind
PAID = (KINDS.SPENT, KINDS.REFUNDED)


@rule(AREA, _("A customer's credit is not the sum of its entries."))
def credit_is_the_sum_of_its_entries(look: Look) -> None:
    """The account is the running sum of an append-only ledger."""
    accounts = with_its(CreditAccount.objects.all(), "entries")
    look.unequal(accounts, {"balance": Sum("its__amount")})


@rule(AREA, _("The balance beside an entry of a customer's credit is not the sum up to it."))
def credit_runs_with_its_entries(look: Look) -> None:
    """Each entry's balance is the sum of the account's entries up to it."""
    running = Window(Sum("amount"), partition_by=F("account"), order_by=F("id").asc())
    look.unequal(CreditEntry.objects.all(), {"balance": running})


@rule(AREA, _("A customer has spent more credit than there was."))
def credit_is_never_negative(look: Look) -> None:
    """However many tills spend at once, neither the account nor any balance is below zero."""
    for model in (CreditAccount, CreditEntry):
        rows: Any = model.objects.filter(balance__lt=0)
        look.rows(rows, "balance", "nothing or more")


@rule(AREA, _("An entry of a customer's credit goes in the wrong direction."))
def credit_entry_has_its_sign(look: Look) -> None:
    """What is granted or refunded comes in; what is spent or has expired goes out; only what comes
    in expires."""
    right = (
        Q(kind__in=(KINDS.GRANTED, KINDS.REFUNDED), amount__gt=0)
        | Q(kind__in=(KINDS.SPENT, KINDS.EXPIRED), amount__lt=0)
        | Q(kind__in=(KINDS.BOUGHT, KINDS.CORRECTED)) & ~Q(amount=0)
    ) & (Q(expires_on=None) | Q(amount__gt=0))
    look.rows(CreditEntry.objects.exclude(right), "amount", "an amount with the sign of its kind")


@rule(AREA, _("A customer has two credit accounts."))
def credit_account_is_one(look: Look) -> None:
    """The account's row is the lock for all that is spent."""
    look.doubles(CreditAccount.objects.all(), F("customer"), "customer_id")


@rule(AREA, _("A sale was paid with credit that was not taken from the customer."))
def credit_payment_was_spent(look: Look) -> None:
    """Each payment by credit is an entry of the customer's account, and given back in a void."""
    entry = CreditEntry.objects.filter(
        document_id=OuterRef("sale_id"),
        kind__in=PAID,
        line=OuterRef("line"),
        amount=-OuterRef("amount"),
        account__customer=OuterRef("sale__customer_id"),
    )
    wrong = Payment.objects.filter(~Exists(entry), method=Payment.Method.CREDIT).exclude(amount=0)
    look.rows(wrong, "amount", "an entry of the customer's credit")


@rule(AREA, _("Credit was taken or given for a sale that says nothing of it."))
def credit_entry_has_its_document(look: Look) -> None:
    """What was spent or refunded is a payment, what was bought is a line. Parts of our documents are
    numbered from 1; an entry with line 0 came along from an older system, and is no sale's."""
    payment = Payment.objects.filter(
        sale=OuterRef("document_id"),
        line=OuterRef("line"),
        method=Payment.Method.CREDIT,
        amount=-OuterRef("amount"),
        sale__customer=OuterRef("account__customer_id"),
    )
    line = SaleLine.objects.filter(
        sale=OuterRef("document_id"),
        line=OuterRef("line"),
        total=OuterRef("amount"),
        sale__customer=OuterRef("account__customer_id"),
    )
    sale = Sale.objects.filter(pk=OuterRef("document_id"))
    ours = Register.objects.annotate(
        named=ExpressionWrapper(OuterRef("document_number"), output_field=CharField())
    ).filter(named__startswith=Concat(F("prefix"), Value("-")))
    for kinds, part in ((PAID, payment), ((KINDS.BOUGHT,), line)):
        wrong = CreditEntry.objects.filter(~Exists(part), kind__in=kinds)
        look.rows(wrong.filter(Exists(sale)), "amount", "as the document says")
        lost = wrong.filter(~Exists(sale)).filter(Q(document_number="") | Exists(ours))
        look.rows(lost, "document_id", "a sale")


@rule(AREA, _("The day on which a customer's credit expires next is not what its entries say."))
def credit_expires_as_its_entries_say(look: Look) -> None:
    """The account's day is the first one of what is left of its entries. Selling trusts it: where it
    is missing, credit that has expired can be spent."""
    dated = CreditEntry.objects.filter(account=OuterRef("pk"), expires_on__isnull=False)
    accounts = CreditAccount.objects.filter(Q(next_expiry__isnull=False) | Exists(dated))
    known = list(accounts.order_by("pk").values_list("pk", "next_expiry"))
    for start in range(0, len(known), CHUNK):
        piece = known[start : start + CHUNK]
        entries = movements([pk for pk, _day in piece])
        for pk, found in piece:
            left, _uses = lots.replay(entries.get(pk, ()))
            expected = lots.next_expiry(left)
            if found != expected:
                look.tell(CreditAccount, pk, "next_expiry", expected, found)


RULES: tuple[Rule, ...] = (
    credit_is_the_sum_of_its_entries,
    credit_runs_with_its_entries,
    credit_is_never_negative,
    credit_entry_has_its_sign,
    credit_account_is_one,
    credit_payment_was_spent,
    credit_entry_has_its_document,
    credit_expires_as_its_entries_say,
)

"""Deleting a business with everything it had, as the ordinary runtime role, all of it or nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _

from accounts.models import Membership, Session, User
from archive.leaving.departing import kept_until
from archive.leaving.retained import keep_books, purge
from archive.models import Departure, Job, RetainedRecord
from inventory import pictures
from inventory.models import Product
from sync.models import Mark
from tenants import context
from tenants.bulk import long_work
from tenants.errors import Refused
from tenants.models import Business, TenantModel

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of a business: rows by table, people whose accounts went with it, and what is
    kept."""

    name: str
    rows: dict[str, int]
    people: int
    record: RetainedRecord | None


def due(now: datetime) -> list[Business]:
    """The businesses whose waiting time is over."""
    # In a transaction: PostgreSQL knows from it that this is for no business.
    with context.platform("whose time has come is what we find out"), transaction.atomic():
        ids = list(
            Departure.objects.filter(delete_after__lte=now).values_list("business", flat=True)
        )
    return list(Business.objects.filter(pk__in=ids).order_by("pk"))


@dataclass(frozen=True, slots=True)
class Daily:
    """What a day's work was: businesses deleted, names of those that could not be with the reason,
    and retained records that were past their time."""

    deleted: list[Deleted]
    failed: dict[str, str]
    purged: int


def delete_due(now: datetime) -> Daily:
    """Delete every business whose waiting time is over, and the retained books whose time is over.

    Each in a transaction of its own: one that cannot be deleted waits for the next day and keeps
    no other. To be called outside a transaction.
    """
    deleted: list[Deleted] = []
    failed: dict[str, str] = {}
    for business in due(now):
        try:
            deleted.append(delete_business(business, now=now))
        except Refused as refused:
            failed[business.name] = str(refused)
        except DatabaseError as error:
            logger.exception("Business %s could not be deleted", business.pk)
            failed[business.name] = str(error)
    return Daily(deleted, failed, purge(now.date()))


def delete_business(business: Business, *, now: datetime) -> Deleted:
    """Delete it, if its waiting time is over, and keep what the law wants.

    Sales that are under way finish first or find no business. Accounts of people go when they worked
    here, also long ago, or its documents name them, they belong to no other business, and nothing
    elsewhere refers to them. Raises Refused where the deletion was
    withdrawn, is not due, or a job is at work.
    """
    names: list[str] = []
    with context.business(business), long_work():
        # Waits for every sale that holds the row, and keeps new ones out.
        Business.objects.select_for_update().get(pk=business.pk)
        departure = Departure.objects.filter(delete_after__lte=now).first()
        if departure is None:
            raise Refused("not_due", _("Nobody asked for this business to be deleted now."))
        if Job.objects.filter(state=Job.State.RUNNING).exists():
            raise Refused("at_work", _("A job of this business is at work; try again later."))
        record = None
        if departure.keep_months:
            record = keep_books(until=kept_until(now, departure.keep_months))
        names += Product.objects.exclude(image="").values_list("image", flat=True)
        people = set(_named())
        rows = {model._meta.db_table: _delete(model) for model in children_first()}
        # What was deleted has left its marks; nobody is there any more to look at them.
        _delete(Mark)
        gone = _delete_people(people)
        _delete(Business, pk=business.pk)
        transaction.on_commit(lambda: pictures.discard(names))
    return Deleted(business.name, rows, gone, record)


def children_first() -> list[type[models.Model]]:
    """Every table with a business, in an order in which nothing is left that refers to a row."""
    tables: list[Any] = [one for one in apps.get_models() if issubclass(one, TenantModel)]
    above: dict[Any, set[Any]] = {
        model: {
            field.related_model
            for field in model._meta.concrete_fields
            if field.is_relation and field.related_model in tables and field.related_model != model
        }
        for model in tables
    }
    order: list[Any] = []
    while len(order) < len(tables):
        needed = {one for model in tables if model not in order for one in above[model]}
        free = [model for model in tables if model not in order and model not in needed]
        assert free, "tables refer to each other in a circle"
        order += free
    return order


def _named() -> Iterator[Any]:
    """Everybody whom a row of the bound business names: also who works here no more, and who came
    along with an import as a name on documents."""
    for model in children_first():
        for field in model._meta.concrete_fields:
            if field.related_model is User:
                rows = model._default_manager.exclude(**{field.name: None}).order_by()
                yield from rows.values_list(field.attname, flat=True).distinct()


def _delete_people(people: Iterable[Any]) -> int:
    """The accounts of those who belong nowhere now; how many. Others refer to some: those stay."""
    with context.platform("whether somebody works elsewhere is what we find out"):
        elsewhere = set(
            Membership.objects.filter(user__in=people).values_list("user_id", flat=True)
        )
    alone = User.objects.filter(pk__in=set(people) - elsewhere, is_superuser=False)
    ids = list(alone.values_list("pk", flat=True))
    if _went(ids):
        return len(ids)
    return sum(_went([one]) for one in ids)


def _went(ids: list[Any]) -> bool:
    try:
        with transaction.atomic():
            _delete(Session, user__in=ids)
            _delete(User, pk__in=ids)
            # References to people are checked at the end of the transaction otherwise.
            connection.check_constraints()
    except IntegrityError:
        return False
    return True


def _delete(model: type[models.Model], **which: Any) -> int:
    """In one statement; Django's collector would look for references in tables of businesses."""
    rows: Any = model._default_manager.filter(**which).order_by()
    count: int = rows._raw_delete(rows.db)
    return count

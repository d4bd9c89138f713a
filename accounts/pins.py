"""PINs: what a person types at a till that others use too.

A PIN has 4 to 8 digits, so that there may be no more than 10,000 of them; a hash alone, however
slow, is searched in minutes. So it is hashed as passwords are and the hash is encrypted with
APP_ENCRYPTION_KEYS: who has the database and not the key has nothing to try PINs against. Who has
both finds them, as they find everything else.

Guessing goes over us, and stops: after TRIES wrong PINs of a person at one place nobody gets in
there as them for LOCK, and after MOST in a row not before somebody unlocks it. Guessing at one
device finds one PIN in 200 at best, and whoever may unlock has seen it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Membership, OperatorSession, PinTries
from accounts.people import demand_manages
from tenants.errors import Refused

SHAPE = re.compile(r"[0-9]{4,8}")
TRIES = 5
LOCK = timedelta(minutes=15)
MOST = 50


@dataclass(frozen=True, slots=True)
class Wrong:
    """A PIN was refused: `left` tries are left, or it is locked for `wait` seconds.

    Locked without a wait: until somebody unlocks it.
    """

    left: int = 0
    wait: int | None = None


def is_easy(pin: str) -> bool:
    """Whether it is among the first that anybody tries: one digit only, or digits in a row."""
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    return steps in ({0}, {1}, {-1})


@transaction.atomic
def set_pin(*, actor: Membership, member: Membership, pin: str) -> None:
    """Give a person a PIN, or another one; it opens at once, and whoever is signed in by the old
    one is signed out. Raises Refused for a PIN that is none, or too easy."""
    if member.pk != actor.pk:
        demand_manages(actor, member)
    if not SHAPE.fullmatch(pin):
        _refuse(_("A PIN has 4 to 8 digits."))
    if is_easy(pin):
        _refuse(_("Anybody would try this one first. Choose another."))
    _write(actor, member, make_password(pin), "user.set_pin")


@transaction.atomic
def remove_pin(*, actor: Membership, member: Membership) -> None:
    """Let nobody sign in as this person at a device any more. A second time changes nothing."""
    if member.pk != actor.pk:
        demand_manages(actor, member)
    if member.pin_set_at is not None:
        _write(actor, member, "", "user.remove_pin")


@transaction.atomic
def unlock(*, actor: Membership, member: Membership) -> None:
    """Forget the wrong PINs of a person, everywhere. Nobody unlocks themselves."""
    if member.pk == actor.pk:
        raise Refused("yourself", _("Ask somebody else to unlock your PIN."))
    demand_manages(actor, member)
    if PinTries.objects.filter(membership=member).delete()[0]:
        audit.record(actor=actor.user, action="user.unlock_pin", target=member)


def locked(member: Membership) -> bool:
    """Whether the person's PIN is refused at some place now."""
    now = timezone.now()
    return any(one.is_locked(now) for one in PinTries.objects.filter(membership=member))


def try_pin(*, member: Membership, pin: str, place: str) -> Wrong | None:
    """None when it is the person's PIN. A wrong one is counted, so this must be committed.

    Tries at the same moment wait for each other: none slips by. While it is locked the right PIN
    is refused like any other.
    """
    now = timezone.now()
    with transaction.atomic():
        PinTries.objects.get_or_create(membership=member, place=place)
        tries: PinTries = PinTries.objects.select_for_update().get(membership=member, place=place)
        if tries.is_locked(now):
            return _locked(tries)
        if tries.locked_at is not None and tries.locked_until is not None:
            tries.locked_at = tries.locked_until = None
        if _fits(pin, member):
            tries.delete()
            return None
        tries.failures += 1
        if tries.failures % TRIES == 0:
            tries.locked_at = now
            tries.locked_until = None if tries.failures >= MOST else now + LOCK
            audit.record(actor=None, action="user.pin_locked", target=member)
        tries.save(update_fields=["failures", "locked_at", "locked_until"])
        if tries.locked_at is not None:
            return _locked(tries)
        return Wrong(left=TRIES - tries.failures % TRIES)


def _fits(pin: str, member: Membership) -> bool:
    if not SHAPE.fullmatch(pin) or not member.pin:
        return False
    return check_password(pin, member.pin)


def _locked(tries: PinTries) -> Wrong:
    if tries.locked_until is None:
        return Wrong()
    return Wrong(wait=max(1, int((tries.locked_until - timezone.now()).total_seconds())))


def _write(actor: Membership, member: Membership, encoded: str, action: str) -> None:
    member.pin = encoded
    member.pin_set_at = timezone.now() if encoded else None
    member.save(update_fields=["pin", "pin_set_at"])
    PinTries.objects.filter(membership=member).delete()
    end_sessions(member)
    audit.record(actor=actor.user, action=action, target=member)


def end_sessions(member: Membership) -> int:
    """Sign the person out of every device. Returns of how many."""
    rows = OperatorSession.objects.filter(membership=member, ended_at=None)
    return int(rows.update(ended_at=timezone.now()))


def _refuse(sentence: object) -> None:
    raise Refused("bad_pin", sentence, {"pin": [sentence]}, status=400)

"""People of a file that a member brings: by the rules of the staff page, and with no passwords.

A file can be written by hand. So no account that is here is touched or told of, no password comes
along (whoever wrote the file would know it), and nobody comes in who runs the platform.
"""

from __future__ import annotations

import re
import uuid
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.audit import record
from accounts.models import EndedSession, Membership, User
from accounts.people import has_own_account, someone_in_charge
from accounts.sessions import end_sessions
from archive.import_people import People, full_name
from archive.references import Move, reference_to, remember
from archive.rows import UserRow
from tenants.encryption import normalise
from tenants.errors import Refused

#: More are no shop's staff, but a way to ask which user names are in use.
MOST: Final = 500
#: So many of them are named in one note.
_NAMED: Final = 20
#: Instead of the fingerprint of people who worked here before: no file changes them.
_HERE: Final = "here"
_UNFIT: Final = re.compile(r"[@\s]+")


class Staff(People):
    """Brings the people of `move`, in the name of the owner who imports."""

    def __init__(self, move: Move) -> None:
        super().__init__(move)
        assert move.arrival is not None
        self.by, self.dry_run = move.arrival.by, move.arrival.dry_run
        self.known_here: list[str] = []
        self.renamed: list[str] = []
        self.without_mail: list[str] = []
        self.owners: list[str] = []
        self.new = 0
        #: Whom to name when all else is written.
        self.nameless: list[tuple[User, UserRow]] = []

    def bring(self) -> None:
        """Raises Refused for more people than a shop has, and when nobody in charge would remain."""
        rows = self.move.rows("users")
        if len(rows) > MOST:
            raise Refused(
                "too_many_people",
                _(
                    "The file holds %(count)s people, and at most %(most)s come in this way. Whoever"
                    " runs this installation brings it in with “manage.py import_data”."
                )
                % {"count": f"{len(rows):,}", "most": MOST},
            )
        if self.move.is_new:
            self.recognise(rows)
        with someone_in_charge():
            super().bring()
        self.move.at_last = self.finish

    def recognise(self, rows: list[UserRow]) -> None:
        """People of the file who work here already, whoever imports above all: they stay as they
        are, and what they signed in the file is theirs."""
        everybody = list(Membership.objects.select_related("user"))
        members = {normalise(one.user.username): one for one in everybody}
        mine = normalise(self.by.user.email)
        references = []
        for row in rows:
            member = members.get(normalise(row.username))
            if member is None and mine and normalise(row.email) == mine:
                member = members[normalise(self.by.user.username)]
            if member is None:
                continue
            self.move.ids.setdefault("users", {})[row.id] = member.user_id
            self.move.ids.setdefault("members", {})[row.id] = member.pk
            if row.is_member is not False:
                references.append(reference_to("users", row.id, member.pk, _HERE))
                self.known_here.append(member.user.username)
        remember(references, {})

    def may_change(self, member: Membership, told: str) -> bool:
        return told != _HERE and member.pk != self.by.pk

    def create(self, row: UserRow) -> Membership:
        member = super().create(row)
        self.new += 1
        if member.is_owner:
            self.owners.append(member.user.name or row.username)
        changes = {"role": ["", member.role.name], "is_owner": [False, member.is_owner]}
        record(actor=self.by.user, action="user.create", target=member, changes=changes)
        return member

    def create_outsider(self, row: UserRow) -> None:
        if row.id in self.move.ids.get("users", {}):
            self.counts.same += 1
        else:
            super().create_outsider(row)

    def user(self, row: UserRow) -> User:
        works_here = row.is_member is not False
        user = User(
            # Names are the whole installation's: one that is taken early keeps everybody else who
            # wants it waiting until this import is over.
            username=uuid.uuid4().hex,
            name=full_name(row),
            language=row.language if row.language in dict(settings.LANGUAGES) else "",
            is_active=works_here,
        )
        user.set_unusable_password()
        user.save()
        self.nameless.append((user, row))
        return user

    def finish(self) -> None:
        """Names and addresses, which whoever only looks does not need, and what there is to say."""
        if not self.dry_run:
            # In an order that is the same for everybody, so that no two wait for each other.
            for user, row in sorted(self.nameless, key=lambda one: one[1].username.casefold()):
                user.username = self.free_username(row)
                # Who signed something and does not work here needs no way in, and keeps no address.
                user.email = self.free_email(row) if row.is_member is not False else ""
                user.save(update_fields=["username", "email"])
        self.tell()

    def settle(self, row: UserRow, member: Membership) -> None:
        super().settle(row, member)
        # The account is no business's; whether it opens this one is the membership's to say.
        member.is_active = member.is_active and row.allow_login

    def change(self, row: UserRow, member: Membership) -> None:
        was_active, was_owner, old_role = member.is_active, member.is_owner, member.role
        if not has_own_account(member):
            member.user.name = full_name(row)
            member.user.save(update_fields=["name"])
        self.settle(row, member)
        member.save()
        member.location_links.all().delete()
        self.place(row, member)
        if was_active and not member.is_active:
            end_sessions(member.user_id, reason=EndedSession.Reason.ACCESS)
        if member.is_owner and not was_owner:
            self.owners.append(member.user.name or row.username)
        changes = {
            "role": [old_role.name, member.role.name],
            "is_owner": [was_owner, member.is_owner],
            "is_active": [was_active, member.is_active],
        }
        changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
        record(actor=self.by.user, action="user.update", target=member, changes=changes)

    def free_username(self, row: UserRow) -> str:
        # As the staff page wants them: an @ would stand in the way of somebody's e-mail.
        name = _UNFIT.sub(".", row.username).strip(".")
        if len(name) < 2 or not normalise(name):
            name = f"person-{row.id}"
        wanted, number = name, 1
        while User.objects.named(name).exists():
            ending = self.move.business.slug + (str(number) if number > 1 else "")
            name, number = f"{wanted}.{ending}", number + 1
        if name != row.username:
            self.renamed.append(f"{row.username} → {name}")
        return name

    def free_email(self, row: UserRow) -> str:
        if not normalise(row.email):
            return ""
        try:
            validate_email(row.email)
            if not User.objects.with_email(row.email).exists():
                return row.email
        except ValidationError:
            pass
        self.without_mail.append(row.username)
        return ""

    def tell(self) -> None:
        notes = self.move.notes
        if self.known_here:
            notes.append(
                _("Work here already, and stay as they are: %(names)s.")
                % {"names": _some(self.known_here)}
            )
        if self.new:
            notes.append(
                ngettext(
                    "%(count)s person comes in without a password. Who has an e-mail address"
                    " chooses one with “Forgotten password?” on the sign-in page; to others you"
                    " give a first one on their page under “Staff”.",
                    "%(count)s people come in without passwords. Who has an e-mail address chooses"
                    " one with “Forgotten password?” on the sign-in page; to the others you give a"
                    " first one on their page under “Staff”.",
                    self.new,
                )
                % {"count": self.new}
            )
        if self.owners:
            notes.append(
                _("Owners beside you, as the file says: %(names)s.") % {"names": _some(self.owners)}
            )
        if self.dry_run:
            # Which of them are in use is for nobody to ask who does not bring them in.
            if self.new:
                notes.append(
                    _(
                        "User names and e-mail addresses that are in use on this installation"
                        " become others or are left out; the result names them."
                    )
                )
            return
        if self.renamed:
            notes.append(
                _("Their user names became others: %(names)s.") % {"names": _some(self.renamed)}
            )
        if self.without_mail:
            notes.append(
                _("Their e-mail addresses cannot be used here: %(names)s.")
                % {"names": _some(self.without_mail)}
            )


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    told = ", ".join(names[:_NAMED])
    return told if more <= 0 else _("%(names)s and %(more)s more") % {"names": told, "more": more}

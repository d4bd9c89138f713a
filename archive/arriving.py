"""Moving into the business that one is in: what a stranger's file may change of it, and what not.

The target is given and never looked for, so nothing outside the bound business is read or written.
It is empty, or came in from the very same business of the same file before. Its address, whether it
is open, and the account and rights of whoever imports are never the file's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts.models import Membership, Role
from archive.import_people import code_of, granted_by
from archive.references import SOURCE, Counts, Move, fingerprint, reference_to, remember
from archive.rows import BusinessRow
from inventory.models import Product, StockMovement, TaxRate
from sales.models import CreditAccount, Customer, Register, Sale, Shift
from tenants.errors import Refused
from tenants.models import Business, ExternalReference, Location

#: Marks a business that came in this way. `import_data` looks for another word, so it never takes
#: one for its own that a member brought in, whatever their file says; nor the other way round.
BY_PAGE: Final = "page"

#: Keys of a file's settings that are taken. What stands there so far are notes of ours.
SETTINGS: Final[frozenset[str]] = frozenset({"cash_limit"})


def origin_of(row: BusinessRow) -> dict[str, Any]:
    return {"source": BY_PAGE, "id": row.id, "created": row.created, "as": ""}


def contents() -> list[str]:
    """What the bound business has that a whole business must not be poured over, in words."""
    kinds: tuple[tuple[Any, Callable[[], str]], ...] = (
        (Product, lambda: _("products")),
        (Customer, lambda: _("customers")),
        (StockMovement, lambda: _("stock")),
        (Shift, lambda: _("shifts")),
        (Sale, lambda: _("sales")),
    )
    return [name() for model, name in kinds if model.objects.exists()]


def hindrance(business: Business) -> str:
    """Why no file can come into the bound business, in a sentence or two; empty when one may."""
    came = business.settings.get("origin", {}).get("source")
    if came == BY_PAGE:
        return ""
    if came is not None:
        return _(
            "This business was brought in by whoever runs this installation, with “manage.py"
            " import_data”. Ask them to bring it up to date in the same way."
        )
    there = contents()
    if not there:
        return ""
    return _not_empty(there)


def _not_empty(there: list[str]) -> str:
    return _(
        "A whole business comes into an empty one, so that nothing can be overwritten, and this one"
        " has %(what)s already. Ask whoever runs this installation for a new business and import"
        " the file there; or bring products, sales and customers in by themselves."
    ) % {"what": ", ".join(there)}


def arrive(row: BusinessRow, into: Business) -> tuple[Business, Counts, bool]:
    """The bound business, locked, with the file's name, currency and the like; what became of it,
    and whether the file comes in for the first time. Raises Refused."""
    # Whoever imports into it as well waits until this is over.
    mine: Business = Business.objects.select_for_update(no_key=True).get(pk=into.pk)
    origin, told = origin_of(row), fingerprint(row)
    is_new = mine.settings.get("origin") != origin
    if is_new:
        _demand_room(mine)
    elif mine.settings.get("fingerprint") == told:
        return mine, Counts(same=1), False
    elif mine.currency != row.currency and _has_money():
        raise Refused(
            "currency",
            _("The file counts in %(theirs)s, and the books here are kept in %(ours)s.")
            % {"theirs": row.currency, "ours": mine.currency},
        )
    values = _values(row, mine)
    for name, value in values.items():
        setattr(mine, name, value)
    taken = {key: value for key, value in (row.settings or {}).items() if key in SETTINGS}
    mine.settings = {**mine.settings, **taken, "origin": origin, "fingerprint": told}
    mine.save(update_fields=[*values, "settings"])
    return mine, Counts(changed=1), is_new


def _has_money() -> bool:
    return any(model.objects.exists() for model in (Sale, Shift, CreditAccount))


def _demand_room(mine: Business) -> None:
    came = mine.settings.get("origin", {}).get("source")
    there = contents()
    if came == BY_PAGE and there:
        raise Refused(
            "another_origin",
            _(
                "This business came in from another file, or from another business of it. Only"
                " that one can bring it up to date: choose its newer file."
            ),
        )
    if sentence := hindrance(mine):
        raise Refused("not_empty", sentence)


def _values(row: BusinessRow, mine: Business) -> dict[str, Any]:
    return {
        "name": row.name,
        "currency": row.currency,
        "time_zone": row.time_zone,
        "locale": row.locale or mine.locale,
        "tax_label": row.tax_label or mine.tax_label,
        "tax_number": row.tax_number or mine.tax_number,
        "prices_include_tax": row.sell_price_tax == "includes",
        "cash_step": mine.cash_step if row.cash_step is None else row.cash_step,
    }


# -- what a business begins with ------------------------------------------------------------------


def make_way(move: Move) -> None:
    """Before the first rows come: what the business began with becomes the file's where both have
    it, and stays beside it otherwise. Raises Refused."""
    # Of a file that held next to nothing; this one's ids mean other rows.
    ExternalReference.objects.filter(source=SOURCE).delete()
    taken = Register.objects.filter(prefix__in=[row.prefix for row in move.rows("registers")])
    if register := taken.first():
        raise Refused(
            "register_prefix",
            _(
                "A till of the file has the receipt prefix “%(prefix)s”, and so has the till"
                " “%(name)s” here. Give the one here another prefix first."
            )
            % {"prefix": register.prefix, "name": register.name},
        )
    _adopt_roles(move)
    _adopt_locations(move)
    if any(row.is_default for row in move.rows("taxRates")):
        TaxRate.objects.filter(is_default=True).update(is_default=False)


def _adopt_roles(move: Move) -> None:
    """A role of the same name is the file's if it says the same, or if nobody has it."""
    here = {role.name: role for role in Role.objects.all()}
    held = set(Membership.objects.values_list("role_id", flat=True))
    found = []
    for row in move.rows("roles"):
        role = here.get(row.name)
        if role is None:
            continue
        if role.pk not in held or set(role.permissions) == set(granted_by(move, row)):
            found.append((row.id, here.pop(row.name).pk))
    _adopt("roles", found)


def _adopt_locations(move: Move) -> None:
    here = {place.code.casefold(): place for place in Location.objects.all()}
    found = []
    for row in move.rows("locations"):
        place = here.pop(code_of(row).casefold(), None)
        if place is not None:
            found.append((row.id, place.pk))
    _adopt("locations", found)
    for place in here.values():
        if place.is_active:
            move.notes.append(
                _(
                    "The location “%(name)s” was here before and stays beside those of the file;"
                    " switch it off if you do not need it."
                )
                % {"name": place.name}
            )


def _adopt(table: str, pairs: Iterable[tuple[int, Any]]) -> None:
    # Of no fingerprint: the row is written as the file has it.
    remember([reference_to(table, row_id, pk, "") for row_id, pk in pairs], {})

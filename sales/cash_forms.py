"""The form of cash movements in the back office."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from sales.cash import REASONS, CorrectionRequest, Kind, MovementRequest, Reason, may_move
from sales.forms import MoneyField, no_card_number
from sales.models import Shift

AGAIN = _("That did not work. Open the page again and try once more.")


class MovementForm(forms.Form):
    """What moves and why; `id` was made with the page, so that one page moves cash once."""

    id = forms.UUIDField(
        widget=forms.HiddenInput, error_messages={"required": AGAIN, "invalid": AGAIN}
    )

    def __init__(self, actor: Membership, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"] = forms.ChoiceField(label=_("What for"), choices=choices(actor))
        self.fields["amount"] = MoneyField(
            label=_("Amount"),
            required=False,
            help_text=_("Leave it empty when the drawer is only opened."),
        )
        self.fields["note"] = forms.CharField(
            label=_("Note"), required=False, max_length=200, validators=[no_card_number]
        )

    def asked(self, shift: Shift) -> MovementRequest:
        kind, _colon, reason = self.cleaned_data["what"].partition(":")
        return MovementRequest(
            id=self.cleaned_data["id"],
            shift_id=shift.pk,
            kind=Kind(kind),
            amount=self.cleaned_data["amount"] or Decimal(0),
            reason=Reason(reason),
            note=self.cleaned_data["note"],
        )


def choices(actor: Membership) -> list[tuple[str, str]]:
    """The reasons of the kinds that this person may enter; each says whether cash comes or goes."""
    return [
        (f"{kind.value}:{one.value}", f"{kind.label}: {one.label}")
        for kind, reasons in REASONS.items()
        if may_move(actor, kind)
        for one in reasons
    ]


class CorrectionForm(forms.Form):
    """As of a movement: one page corrects once."""

    id = forms.UUIDField(error_messages={"required": AGAIN, "invalid": AGAIN})

    def asked(self, movement_id: uuid.UUID) -> CorrectionRequest:
        return CorrectionRequest(self.cleaned_data["id"], movement_id)

"""The form of a webhook."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from webhooks.addresses import LONGEST
from webhooks.endpoints import may_choose
from webhooks.kinds import NEEDS, Kind
from webhooks.models import Endpoint


class EndpointForm(forms.Form):
    """What is told, and where. Events whose objects the actor may not see are not offered."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("Such as Bookkeeping or Web shop.")
    )
    url = forms.CharField(
        label=_("Address"),
        max_length=LONGEST,
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        help_text=_("It must be reachable from the internet, and begin with https://."),
    )
    kinds = forms.MultipleChoiceField(
        label=_("Tell it when"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one event.")},
    )

    def __init__(
        self, *args: Any, actor: Membership, endpoint: Endpoint | None = None, **kwargs: Any
    ) -> None:
        if endpoint is not None:
            kwargs["initial"] = {
                "name": endpoint.name,
                "url": endpoint.url,
                "kinds": endpoint.kinds,
            }
        super().__init__(*args, **kwargs)
        before = endpoint.kinds if endpoint is not None else ()
        kinds: Any = self.fields["kinds"]
        kinds.choices = [
            (kind, Kind(kind).label) for kind in NEEDS if kind in before or may_choose(actor, kind)
        ]
        if not settings.PRODUCTION:
            self.fields["url"].help_text = _(
                "Outside production also this machine itself, and http://."
            )

    def clean_url(self) -> str:
        return str(self.cleaned_data["url"]).strip()

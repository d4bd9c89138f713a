"""What the pages that add or change one row do with their form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.utils.translation import gettext as _

from accounts import audit


def saved(request: Any, form: forms.ModelForm[Any]) -> bool:
    """Whether the form was sent and is in order; its row is then saved, audited and announced."""
    if request.method != "POST" or not form.is_valid():
        return False
    row = form.instance
    fields = None if row._state.adding else form.changed_data
    audit.save(actor=request.user, target=row, fields=fields)
    messages.success(request, _("%(name)s is saved.") % {"name": row})
    return True

"""How a page says what the rules refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from tenants.errors import Refused


def explain(form: forms.BaseForm, refused: Refused) -> None:
    """Put the reasons beside the fields that they are about, or above the form."""
    told = False
    for name, reasons in refused.fields.items():
        if name in form.fields:
            form.add_error(name, reasons)
            told = True
    if not told:
        form.add_error(None, str(refused.message))


@contextmanager
def tell(request: HttpRequest, success: str) -> Iterator[None]:
    """A message about what the block did, or about why it was refused."""
    try:
        yield
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, success)

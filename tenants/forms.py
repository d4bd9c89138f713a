"""Forms for rows of a business."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import UniqueConstraint
from django.utils.translation import gettext

from tenants.context import require_id


class TenantModelForm(forms.ModelForm):  # type: ignore[type-arg]
    """A ModelForm that checks the uniqueness of a row within the bound business.

    Django leaves out every constraint with a field that the form does not show, and the business
    is never shown: a duplicate would reach the database. The error stands beside the last field of
    the constraint that the form has.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.business_id is None:
            self.instance.business_id = require_id()

    def validate_unique(self) -> None:
        super().validate_unique()
        self.validate_constraints()

    def validate_constraints(self) -> None:
        """Ask for the unique keys of the business; Django itself asks for all other constraints."""
        exclude = self._get_validation_exclusions() - {"business"}  # type: ignore[attr-defined]
        for constraint in self.instance._meta.constraints:
            fields = constraint.fields if isinstance(constraint, UniqueConstraint) else ()
            shown = [name for name in fields if name in self.fields and name not in exclude]
            if "business" not in fields or not shown:
                continue
            try:
                constraint.validate(type(self.instance), self.instance, exclude=exclude)
            except ValidationError:
                self.add_error(shown[-1], _message(constraint))


def _message(constraint: UniqueConstraint) -> str:
    """The constraint's own sentence, or one that does not name the business as a field."""
    message = str(constraint.violation_error_message)
    default = str(constraint.default_violation_error_message) % {"name": constraint.name}
    return gettext("Something else has this already.") if message == default else message

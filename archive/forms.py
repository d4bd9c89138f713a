"""Forms of import: choosing a file, how it is read, and what its columns are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from archive.models import SavedMapping
from archive.tables import DELIMITERS, ENCODINGS
from archive.work.desk import Desk, Preview

DELIMITER_NAMES = {
    ",": _("Comma ,"),
    ";": _("Semicolon ;"),
    "\t": _("Tab"),
    "|": _("Bar |"),
}


class UploadForm(forms.Form):
    file = forms.FileField(label=_("File"), max_length=200)

    def __init__(self, desk: Desk, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.use_required_attribute = False
        field = self.fields["file"]
        field.widget.attrs["accept"] = desk.accept
        most = filesizeformat(settings.UPLOAD_LIMIT)
        field.help_text = gettext("%(kinds)s At most %(most)s.") % {
            "kinds": desk.hint,
            "most": most,
        }

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.UPLOAD_LIMIT:
            raise forms.ValidationError(
                gettext("The file is larger than %(most)s, which is the most that is taken here.")
                % {"most": filesizeformat(settings.UPLOAD_LIMIT)}
            )
        return file


class ChooseForm(forms.Form):
    """Which business of a file with several this one is to become."""

    business = forms.ChoiceField(label=_("Business of the file"))

    def __init__(self, preview: Preview, data: Any = None) -> None:
        super().__init__(data, initial={"business": preview.chosen})
        field: Any = self.fields["business"]
        field.choices = preview.choices


class ReadForm(forms.Form):
    """How the table is read; an empty choice means: find out. Initial is what was stated."""

    encoding = forms.ChoiceField(label=_("Encoding"), required=False)
    delimiter = forms.ChoiceField(label=_("Columns are separated by"), required=False)
    decimal_comma = forms.ChoiceField(label=_("Decimals"), required=False)
    sheet = forms.ChoiceField(label=_("Sheet"), required=False)

    def __init__(self, look: Mapping[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        about = look["about"]
        if about["kind"] == "xlsx":
            del self.fields["encoding"], self.fields["delimiter"], self.fields["decimal_comma"]
            if len(about["sheets"]) < 2:
                del self.fields["sheet"]
            else:
                self._choose("sheet", about["sheet"], [(one, one) for one in about["sheets"]])
            return
        del self.fields["sheet"]
        self._choose("encoding", about["encoding"], [(one, one) for one in ENCODINGS])
        names = [(one, DELIMITER_NAMES.get(one, one)) for one in DELIMITERS]
        self._choose(
            "delimiter", DELIMITER_NAMES.get(about["delimiter"], about["delimiter"]), names
        )
        comma, point = gettext("Comma: 1,50"), gettext("Point: 1.50")
        found = comma if about["decimal_comma"] else point
        self._choose("decimal_comma", found, [("yes", comma), ("no", point)])

    def _choose(self, name: str, found: Any, choices: Sequence[tuple[Any, Any]]) -> None:
        field: Any = self.fields[name]
        field.choices = [("", gettext("Found: %(what)s") % {"what": found}), *choices]

    def stated(self) -> dict[str, Any]:
        """For open_table()."""
        values: dict[str, Any] = {name: value for name, value in self.cleaned_data.items() if value}
        if "decimal_comma" in values:
            values["decimal_comma"] = values["decimal_comma"] == "yes"
        return values


def stated_initial(read: Mapping[str, Any]) -> dict[str, Any]:
    """`stated()` turned back into what the form begins with."""
    initial = dict(read)
    if isinstance(initial.get("decimal_comma"), bool):
        initial["decimal_comma"] = "yes" if initial["decimal_comma"] else "no"
    return initial


class ColumnsForm(forms.Form):
    """One choice for each column of the file: what it is, or that it is left out."""

    def __init__(
        self, desk: Desk, look: Mapping[str, Any], *args: Any, assigned: Mapping[str, str]
    ) -> None:
        super().__init__(*args)
        self.desk, self.columns = desk, list(look["columns"])
        self.samples = look["samples"]
        choices = _choices(desk, assigned.values())
        for number, column in enumerate(self.columns):
            self.fields[f"c{number}"] = forms.ChoiceField(
                label=column, required=False, choices=choices, initial=assigned.get(column, "")
            )

    def rows(self) -> list[dict[str, Any]]:
        """Each column with its first values and its choice."""
        return [
            {
                "column": column,
                "samples": [row[number] for row in self.samples if row[number].strip()],
                "field": self[f"c{number}"],
            }
            for number, column in enumerate(self.columns)
        ]

    def assigned(self) -> dict[str, str]:
        """{column: field}, of what was chosen."""
        chosen = (self.cleaned_data.get(f"c{n}") or "" for n in range(len(self.columns)))
        return {c: f for c, f in zip(self.columns, chosen, strict=True) if f}

    def clean(self) -> None:
        for sentence in self.desk.faults_of_columns(self.assigned()):
            self.add_error(None, sentence)
        for column, sentence in self.desk.doubled(self.assigned()).items():
            self.add_error(f"c{self.columns.index(column)}", sentence)


def _choices(desk: Desk, assigned: Iterable[str]) -> list[Any]:
    choices: list[Any] = [("", gettext("Leave out"))]
    known = list(desk.fields())
    names = {one.name for one in known}
    known += [desk.field(name) for name in assigned if name not in names]
    order = list(dict.fromkeys(str(one.group) for one in known))
    known.sort(key=lambda field: order.index(str(field.group)))
    for group, fields in groupby(known, key=lambda field: str(field.group)):
        named = [(one.name, f"{one.label} *" if one.required else str(one.label)) for one in fields]
        choices += [(group, named)] if group else named
    return choices


class NameForm(forms.ModelForm[SavedMapping]):
    """The name under which a mapping is kept."""

    class Meta:
        model = SavedMapping
        fields = ("name",)

"""Reading a request's JSON strictly, field by field, without asking the database anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from tenants.errors import Refused

Choice = TypeVar("Choice", bound=Enum)

_NUMBER = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,8})?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# What no database column and no printer takes: control characters, and halves of a pair.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NIL = UUID(int=0)
_ZERO = Decimal(0)


class Body:
    """One JSON object from outside. Each field is asked for once; `finish()` judges them all.

    A wrong field yields a neutral value and a sentence, so that one answer names every problem.
    A field that nobody asked for is a problem too: a misspelt discount must not be a full price.
    """

    def __init__(self, data: object, path: str = "", root: Body | None = None) -> None:
        self._path = path
        self._root = root or self
        self._asked: set[str] = set()
        self._data: dict[str, Any] = {}
        if root is None:
            self.problems: dict[str, list[str]] = {}
            self._bodies: list[Body] = []
        self._root._bodies.append(self)
        self._is_object = isinstance(data, dict)
        if isinstance(data, dict):
            self._data = data
        else:
            self._root.problems[path or "__all__"] = [_("This must be an object.")]

    def finish(self) -> None:
        """Raises Refused (400, `invalid`) with a sentence for each wrong, missing or unknown field."""
        for body in self._root._bodies:
            for name in body._data:
                if name not in body._asked:
                    # Half of a pair is valid in JSON, and cannot be sent back.
                    shown = str(name)[:60].encode("utf-8", "replace").decode()
                    body.problem(shown, _("There is no such field."))
        refuse(self._root.problems)

    def problem(self, name: str, sentence: str) -> None:
        """Note what is wrong with a field; what is no object has no fields."""
        if not self._is_object:
            return
        path = f"{self._path}.{name}" if self._path else name
        self._root.problems.setdefault(path, []).append(sentence)

    def has(self, name: str) -> bool:
        """Whether the field was sent, and is not null."""
        return self._take(name) is not None

    def sent(self, name: str) -> bool:
        """Whether the field was sent, if only as null."""
        self._asked.add(name)
        return name in self._data

    def count(self, name: str) -> int:
        """A whole number from 1 to a million, as a number of JSON."""
        value = self._take(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 10**6:
            return value
        self.problem(name, _("This is not a number.") if self.has(name) else _("This is needed."))
        return 1

    def optional_whole(self, name: str) -> int | None:
        """A whole number as a number of JSON, not negative and at most nine digits."""
        value = self._take(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
            return value
        self.problem(name, _("This must be a whole number that is not negative."))
        return 0

    def uuid(self, name: str) -> UUID:
        found = self.optional_uuid(name)
        if found is None:
            self._missing(name)
        return found or _NIL

    def optional_uuid(self, name: str) -> UUID | None:
        value = self._take(name)
        if value is None:
            return None
        if isinstance(value, str) and _UUID.fullmatch(value):
            found = UUID(value)
            if found.int:
                return found
        self.problem(name, _("This is not an id."))
        return _NIL

    def amount(self, name: str) -> Decimal:
        value = self.optional_amount(name)
        if value is None:
            self._missing(name)
        return value or _ZERO

    def optional_amount(self, name: str) -> Decimal | None:
        """A decimal as text, or a whole number; never a float, which has lost cents already."""
        value = self._take(name)
        if value is None:
            return None
        if isinstance(value, float):
            self.problem(name, _("Send this as text, such as “4.50”: a float is not exact."))
            return _ZERO
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**13:
            value = str(value)
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            return Decimal(value)
        self.problem(name, _("This is not a number."))
        return _ZERO

    def flag(self, name: str, *, required: bool = False) -> bool:
        """True or false; false where absent."""
        value = self._take(name)
        if value is None and required:
            self._missing(name)
        elif value is not None and not isinstance(value, bool):
            self.problem(name, _("This must be true or false."))
        return value is True

    def moment(self, name: str) -> datetime | None:
        """A time with its zone, in ISO 8601; None where there is none that can be read."""
        value = self._take(name)
        try:
            found = parse_datetime(value) if isinstance(value, str) else None
        except ValueError:
            return None
        return None if found is None or found.tzinfo is None else found

    def text(self, name: str, *, most: int, required: bool = False) -> str:
        """Text without blanks around it, at most `most` characters; empty where absent."""
        value = self._take(name)
        if value is None:
            value = ""
        if not isinstance(value, str):
            self.problem(name, _("This must be text."))
            return ""
        text: str = value.strip()
        sentence = text_problem(text, most=most)
        if sentence:
            self.problem(name, sentence)
            return ""
        if required and not text:
            self._missing(name)
        return text

    def texts(self, name: str, *, most: int, longest: int) -> list[str]:
        """A list of texts, each once, without blanks around them and none of them empty."""
        value = self._take(name)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.problem(name, _("This must be a list of texts."))
            return []
        if len(value) > most:
            self.problem(name, _("At most %(most)s are possible.") % {"most": most})
            return []
        found = list(dict.fromkeys(one.strip() for one in value))
        for one in found:
            sentence = text_problem(one, most=longest) if one else _("This is needed.")
            if sentence:
                self.problem(name, sentence)
                return []
        return found

    def choice(self, name: str, options: type[Choice]) -> Choice:
        value = self._take(name)
        for option in options:
            if isinstance(value, str) and option.value == value:
                return option
        names = ", ".join(str(option.value) for option in options)
        self.problem(name, _("This must be one of %(names)s.") % {"names": names})
        return next(iter(options))

    def choices(self, name: str, options: type[Choice], *, most: int) -> list[Choice]:
        """At least one of the options, each once."""
        value = self._take(name)
        if not isinstance(value, list) or not 0 < len(value) <= most:
            self.problem(name, _("This must be a list of at least one."))
            return []
        known = {option.value: option for option in options}
        found = {one: known.get(one) for one in map(_key, value)}
        for one, option in found.items():
            if option is None:
                self.problem(name, _("There is no “%(name)s” here.") % {"name": one[:60]})
        return [option for option in found.values() if option is not None]

    def parts(self, name: str, *, most: int) -> Iterator[Body]:
        """The objects of a list, in their order."""
        value = self._take(name)
        if value is None:
            self._missing(name)
        elif not isinstance(value, list):
            self.problem(name, _("This must be a list."))
        elif len(value) > most:
            self.problem(name, _("At most %(most)s are possible.") % {"most": most})
        else:
            for index, item in enumerate(value):
                yield Body(item, f"{self._inner(name)}.{index}", self._root)

    def optional_part(self, name: str) -> Body | None:
        value = self._take(name)
        return None if value is None else Body(value, self._inner(name), self._root)

    def _take(self, name: str) -> Any:
        self._asked.add(name)
        return self._data.get(name)

    def _inner(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def _missing(self, name: str) -> None:
        self.problem(name, _("This is needed."))


def refuse(problems: dict[str, list[str]]) -> None:
    """Raises Refused when there are any problems."""
    if problems:
        raise _refusal(problems)


def _refusal(problems: dict[str, list[str]]) -> Refused:
    return Refused("invalid", _("Some fields are not right."), problems, status=400)


def invalid(field: str, sentence: str) -> NoReturn:
    """Refuse one field of a request."""
    raise _refusal({field: [sentence]})


def text_problem(value: str, *, most: int) -> str:
    """What is wrong with a text from outside, or nothing."""
    if len(value) > most:
        return _("At most %(most)s characters are possible.") % {"most": most}
    if _UNPRINTABLE.search(value):
        return _("This contains characters that cannot be printed.")
    return ""


def _key(value: object) -> str:
    return value if isinstance(value, str) else ""


def printable(text: str) -> str:
    """The text without what no database column and no printer takes."""
    return _UNPRINTABLE.sub("", text)


def query_uuid(value: str, field: str) -> UUID:
    """An id from the query string. Raises Refused."""
    if not _UUID.fullmatch(value):
        invalid(field, _("This is not an id.") if value else _("This is needed."))
    return UUID(value)


def query_text(value: str, field: str, *, most: int = 100) -> str:
    """Text from the query string. Raises Refused."""
    sentence = text_problem(value, most=most)
    if sentence:
        invalid(field, sentence)
    return value.strip()

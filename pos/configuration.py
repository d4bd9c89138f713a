"""Reading variables of the environment: each has a type, and a wrong value stops the start.

Every refusal is an ImproperlyConfigured with one sentence: the variable, what is wrong, what to do.
Values of secrets are never repeated in it. This is the only place that looks at the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import FileAwareMapping

YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off"}
HOST = re.compile(
    r"\.?([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?", re.IGNORECASE
)


@dataclass(frozen=True)
class Variable:
    """A variable that was asked for: what docs/configuration.md must say of it."""

    name: str
    kind: str
    default: object


class Values(FileAwareMapping):  # type: ignore[misc]
    """Variables by name, without outer space; an empty one is not there.

    NAME_FILE names a file that holds NAME, as secrets of containers and of systemd come; it counts
    before NAME. Only who asks for NAME opens it: SSL_CERT_FILE and its like are not ours. Raises
    ImproperlyConfigured, in one sentence, when it cannot be read.
    """

    def __getitem__(self, name: str) -> str:
        try:
            value = str(super().__getitem__(name)).strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise ImproperlyConfigured(
                f"{name}_FILE names a file that cannot be read ({reason}): correct its path or its"
                " rights."
            ) from None
        if not value:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name, value in self.env.items() if value.strip())


class Environment:
    """The variables of a process. An empty value counts as unset, and outer space is no part.

    `known` holds every variable that was asked for, by name.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values: Mapping[str, str] = Values(dict(os.environ if values is None else values))
        self.known: dict[str, Variable] = {}

    def _value(self, name: str, kind: str, default: object) -> str | None:
        self.known[name] = Variable(name, kind, default)
        return self.values.get(name)

    def text(self, name: str, default: str = "") -> str:
        value = self._value(name, "text", default)
        return default if value is None else value

    def secret(self, name: str) -> str:
        """A text that no message repeats; empty when unset."""
        return self._value(name, "secret", "") or ""

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._value(name, "flag", default)
        if value is None:
            return default
        if value.lower() not in YES | NO:
            raise wrong(name, value, "neither yes nor no", "set it to 1 or 0")
        return value.lower() in YES

    def number(self, name: str, default: int, least: int = 0, most: int | None = None) -> int:
        """A whole number from `least` to `most`, both included."""
        value = self._value(name, "number", default)
        if value is None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise wrong(name, value, "not a whole number", f"write digits only, such as {default}")
        number = int(value)
        if number < least or (most is not None and number > most):
            range_ = f"at least {least}" if most is None else f"from {least} to {most}"
            raise wrong(name, value, "out of range", f"set a number {range_}")
        return number

    def fraction(self, name: str, default: float, least: float = 0) -> float:
        """A number that may have decimals, at least `least`; never an amount of money."""
        value = self._value(name, "decimal", default)
        if value is None:
            return default
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
            raise wrong(name, value, "not a number of zero or more", f"write such as {default}")
        if float(value) < least:  # no money
            raise wrong(name, value, "out of range", f"set a number of at least {least}")
        return float(value)  # no money

    def choice(self, name: str, default: str, options: Sequence[str]) -> str:
        """One of `options`, in any letter case."""
        value = self._value(name, "choice", default)
        if value is None:
            return default
        for option in options:
            if option.lower() == value.lower():
                return option
        raise wrong(name, value, "not one of its choices", f"set it to {' or '.join(options)}")

    def _words(self, name: str, kind: str, default: Sequence[str]) -> list[str] | None:
        value = self._value(name, kind, ",".join(default))
        return (
            None if value is None else [word.strip() for word in value.split(",") if word.strip()]
        )

    def words(self, name: str, default: Sequence[str] = ()) -> list[str]:
        """Texts separated by commas."""
        words = self._words(name, "list", default)
        return list(default) if words is None else words

    def hosts(self, name: str, default: Sequence[str] = ()) -> list[str]:
        """Host names; `.example.com` is a domain with all below it, and `*` alone is any."""
        words = self._words(name, "host names", default)
        for word in words or []:
            if word != "*" and not HOST.fullmatch(word) and not is_address(word):
                remedy = "write names such as shop.example.com, separated by commas"
                raise wrong(name, word, "not a host name", remedy)
        return list(default) if words is None else words

    def origins(
        self, name: str, default: Sequence[str] = (), *, keywords: Sequence[str] = ()
    ) -> list[str]:
        """Origins such as https://shop.example.com, or words of `keywords`; never a wildcard."""
        words = self._words(name, "origins", default)
        for word in words or []:
            if word in keywords:
                continue
            if "*" in word:
                remedy = "name each origin by itself"
                raise wrong(name, word, "a wildcard, which lets in strangers", remedy)
            if not is_origin(word):
                remedy = "write it as https://shop.example.com, without a path"
                raise wrong(name, word, "not an origin", remedy)
        return list(default) if words is None else words

    def url(self, name: str, schemes: Sequence[str]) -> str:
        """A URL with one of the schemes; empty when unset. It may hold a password: never shown."""
        value = self._value(name, "URL", "")
        if value is None:
            return ""
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} is no URL that can be read: copy it again, it begins with {wanted}."
            ) from None
        if parts.scheme not in schemes or not parts.hostname:
            raise ImproperlyConfigured(
                f"{name} begins with '{scheme_of(value)}', which Tillbook does not know:"
                f" set a URL that begins with {wanted} and names a host."
            )
        return value


def wrong(name: str, value: str, reason: str, remedy: str) -> ImproperlyConfigured:
    shown = value if len(value) <= 40 else value[:40] + "…"
    return ImproperlyConfigured(f"{name} is '{shown}', which is {reason}: {remedy}.")


def scheme_of(url: str) -> str:
    """What stands before the colon, which tells no secret; `no scheme` where there is none."""
    scheme = url.partition("://")[0]
    return f"{scheme[:20]}:" if "://" in url and re.fullmatch(r"[\w+.-]+", scheme) else "no scheme"


def is_origin(text: str) -> bool:
    """Whether the text is scheme, host and perhaps port, and nothing else."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    whole = f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")
    known = bool(HOST.fullmatch(host)) or is_address(shown)
    return parts.scheme in {"http", "https"} and known and whole == text.lower()


def is_address(text: str) -> bool:
    return bool(re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}|\[[0-9a-f:]+\]", text, re.IGNORECASE))

"""Takes out of a text what no log may keep: secrets, card numbers, e-mails, phones, values of rows.

Rather too much than too little: a line that lost a harmless number can still be read. Names cannot
be told from other words, so nothing here protects them: code logs ids, and the tests look for names.
"""

from __future__ import annotations

import re
from typing import Any, Final

from django.core.exceptions import ValidationError

from sales.cards import holds_card_number

#: Longer texts are cut, in characters: a log line is no place for a file.
LONGEST: Final = 8_000

#: Settings that no line repeats, beside the keys and the passwords of databases.
KEPT_SECRET: Final = (
    "CRON_SECRET",
    "METRICS_TOKEN",
    "SENTRY_DSN",
    "EMAIL_HOST_PASSWORD",
    "ALERT_WEBHOOK",
    "BACKUP_S3_SECRET",
    "BACKUP_IDENTITY",
    "BACKUP_PASSPHRASE",
)

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

# What PostgreSQL adds below its first line quotes rows and the statement with its values.
_BELOW = re.compile(
    r"^(?:DETAIL|CONTEXT|STATEMENT|QUERY|PARAMETERS|LINE \d+):.*\Z", re.MULTILINE | re.DOTALL
)

# Strangers choose some of these texts, as the host name of a request: no pattern may begin anew at
# each letter of a long word, because the time would grow with the square of its length.
_SECRETS: Final = [
    (re.compile(r"\b((?:postgres(?:ql)?|rediss?)://)[^\s'\"<>]+", re.IGNORECASE), r"\1[…]"),
    (re.compile(r"\b([a-z][a-z0-9+.-]{0,20}://)[^\s/@'\"<>]+@", re.IGNORECASE), r"\1[…]@"),
    (
        re.compile(r"(\bAuthorization['\"]?\s*[:=]\s*['\"]?)\w+\s+[^\s'\",]+", re.IGNORECASE),
        r"\1[…]",
    ),
    (re.compile(r"\b(Bearer\s+)[\w.~+/=-]{6,}", re.IGNORECASE), r"\1[…]"),
    (
        re.compile(
            r"((?:\b(?:dsn|pwd|cvv|cvc|pin)|(?<![\w-])[\w-]*(?:password|passwd|secret|token|cookie"
            r"|sessionid|session_key|api[_-]?key|access[_-]?key|secret[_-]?key|encryption[_-]?key"
            r"|passphrase)\d*)"
            r"['\"]?\s*[=:]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s,;&)}\]]+)",
            re.IGNORECASE,
        ),
        r"\1[…]",
    ),
    (re.compile(r"\btb_[\w-]{6,}"), "tb_[…]"),
    (re.compile(r"\bAGE-SECRET-KEY-[0-9A-Z]+", re.IGNORECASE), "[…]"),
    # What Fernet makes, its keys, signed web tokens, hashes of passwords, links for a new password.
    (re.compile(r"gAAAAA[\w-]{20,}={0,2}"), "[…]"),
    (re.compile(r"(?<![\w/+-])[\w-]{43}=(?!\w)"), "[…]"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"), "[…]"),
    (re.compile(r"\b((?:argon2|pbkdf2_\w+|bcrypt\w*|scrypt|md5)\$)[^\s'\"]+"), r"\1[…]"),
    (re.compile(r"\b[0-9a-z]{6,7}-[0-9a-f]{32}\b"), "[…]"),
]
_EMAIL = re.compile(r"(?<![\w.+%'-])[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_DIGITS = re.compile(rf"(?P<uuid>\b{_UUID}\b)|(?<!\d)\d(?:[ .\-]{{0,2}}\d){{12,}}(?!\d)")
_PHONE = re.compile(
    rf"(?P<uuid>\b{_UUID}\b)|(?<![\w.+-])(?:\+|00?(?=[1-9]))\d(?:[ ()/.-]{{0,2}}\d){{7,14}}(?!\w)"
)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|“[^“”]*”", re.DOTALL)

# The text of these quotes what somebody sent; the line of code above it says enough.
_QUOTING = (ValueError, LookupError, ValidationError)


def scrub(text: str) -> str:
    """The text without secrets, card numbers, e-mails, phones and PostgreSQL's details."""
    text = _BELOW.sub("[…]", text[:LONGEST])
    for secret in configured_secrets():
        text = text.replace(secret, "[…]")
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    text = _EMAIL.sub("[e-mail]", text)
    return _PHONE.sub(_phone, _DIGITS.sub(_number, text))


def explain(error: BaseException) -> str:
    """What an exception says, safe to keep: of the database its first line and its SQLSTATE alone.

    Errors that quote what somebody sent (a value that is no number, an unknown key) lose the quote.
    """
    try:
        text = str(error)[:LONGEST]
    except Exception as broken:  # noqa: BLE001 - a text for the log must not fail
        return f"[no text: {type(broken).__name__}]"
    state = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None)
    if state is not None:
        text = f"{text.splitlines()[0] if text else ''} (SQLSTATE {state})"
    # Class 22 is about data, and names the value that does not fit.
    if isinstance(error, _QUOTING) or str(state).startswith("22"):
        text = _QUOTED.sub("'[…]'", text)
    return scrub(text)


def scrub_all(value: Any) -> Any:
    """The same structure of dicts and lists with every text in it scrubbed; keys stay."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {key: scrub_all(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [scrub_all(one) for one in value]
    return value


def configured_secrets() -> list[str]:
    """The installation's own keys and passwords, from its settings; short ones are left out."""
    from django.conf import settings

    if not settings.configured:
        return []
    found = [
        settings.SECRET_KEY,
        *getattr(settings, "APP_ENCRYPTION_KEYS", ()),
        *(config.get("PASSWORD") for config in settings.DATABASES.values()),
        *(getattr(settings, name, "") for name in KEPT_SECRET),
    ]
    return [one for one in found if isinstance(one, str) and len(one) >= 8]


def _number(match: re.Match[str]) -> str:
    if match["uuid"] or not holds_card_number(match[0]):
        return match[0]
    return "[number]"


def _phone(match: re.Match[str]) -> str:
    return match[0] if match["uuid"] else "[phone]"

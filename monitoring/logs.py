"""Log lines: JSON for machines, one line of text for people, neither with personal data.

Settings import this before any application is loaded.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from monitoring import facts
from monitoring.scrubbing import explain, scrub

#: What a line may carry beside time, level, logger and message, in this order.
FIELDS: Final = (
    "request_id",
    "business",
    "device",
    "member",
    "route",
    "method",
    "status",
    "duration_ms",
    "statements",
)
#: Robots that try addresses are no fault; who forgot ALLOWED_HOSTS finds the sentence.
STRANGE_HOST: Final = "django.security.DisallowedHost"


def configuration(*, form: str, level: str, debug: bool) -> dict[str, Any]:
    """The LOGGING setting. `form` is json or text; everything goes to stderr.

    One line for each request is written at INFO. With JSON a refused request (4xx) is that line
    alone; in a text without such lines it is a warning of Django's.
    """
    refused = "ERROR" if form == "json" else "NOTSET"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"refusals": {"()": "monitoring.logs.Refusals"}},
        "formatters": {
            "json": {"()": "monitoring.logs.JsonFormatter"},
            "text": {"()": "monitoring.logs.TextFormatter"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
        "loggers": {
            "django.request": {"filters": ["refusals"], "level": refused},
            STRANGE_HOST: {"filters": ["refusals"]},
            # At DEBUG it writes each statement with its values.
            "django.db.backends": {"level": "DEBUG" if debug else "INFO"},
        },
        "root": {"handlers": ["stderr"], "level": level},
    }


def usual_form(argv: list[str], *, production: bool) -> str:
    """json for a web process in production; text on a laptop and for whoever types a command."""
    program = Path(argv[0]).name if argv else ""
    typed = program in {"manage.py", "django-admin", "-m", "-c", ""} or "pytest" in program
    return "json" if production and not typed else "text"


def write_gunicorn_alike() -> None:
    """Give gunicorn's own messages in this worker the form of all others, and no path in them."""
    ours = next((one.formatter for one in logging.getLogger().handlers if one.formatter), None)
    for handler in logging.getLogger("gunicorn.error").handlers:
        handler.setFormatter(ours)


class Refusals(logging.Filter):
    """A refused request is a line in the log; only what broke deserves its traceback.

    503 is no fault of the code: while a database is away, each request would be a traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == 503:
            error = record.exc_info[1] if record.exc_info else None
            if error is not None and isinstance(record.args, tuple):
                record.msg, record.args = f"{record.msg}: %s", (*record.args, error)
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        if record.name == STRANGE_HOST:
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        if record.levelno < logging.ERROR:
            record.exc_info = None
        return True


class _Formatter(logging.Formatter):
    def message(self, record: logging.LogRecord) -> str:
        """The message, scrubbed. Rows are written as their keys and paths as their routes."""
        args = record.args
        if isinstance(args, tuple):
            path = getattr(getattr(record, "request", None), "path", None)
            args = tuple(_plain(one, record, path) for one in args)
        text = str(record.msg)
        try:
            text = text % args if args else text
        except (TypeError, ValueError, KeyError):
            text = f"{text} [its values do not fit]"
        return scrub(text)

    def trouble(self, record: logging.LogRecord) -> str:
        """The traceback, without local variables and without the values that errors quote."""
        if record.exc_info and record.exc_info[1] is not None:
            return "".join(_chain(record.exc_info[1], set())).rstrip()
        return ""


class JsonFormatter(_Formatter):
    """One JSON object a line: time (UTC), level, logger, message, then what is known of FIELDS."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": self.message(record),
        }
        known = facts.known() | vars(record)
        line |= {name: known[name] for name in FIELDS if known.get(name) is not None}
        if trouble := self.trouble(record):
            line["error"] = type(record.exc_info[1]).__name__ if record.exc_info else ""
            line["traceback"] = trouble
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(_Formatter):
    """`time LEVEL logger message [request id]`, and a traceback below."""

    def format(self, record: logging.LogRecord) -> str:
        asked = facts.request_id()
        line = f"{_time(record)} {record.levelname} {record.name} {self.message(record)}"
        line += f" [{asked}]" if asked else ""
        return "\n".join(filter(None, [line, self.trouble(record)]))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _plain(value: Any, record: logging.LogRecord, path: str | None) -> Any:
    if path is not None and value == path:
        return facts.route_of(record.request)  # type: ignore[attr-defined]
    if isinstance(value, BaseException):
        return explain(value)
    if hasattr(value, "_meta") and hasattr(value, "pk"):
        return f"{value._meta.label} {value.pk}"
    return value


def _chain(error: BaseException, seen: set[int]) -> list[str]:
    """An exception below the ones that led to it, as Python prints them."""
    seen.add(id(error))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = []
    if cause is not None and id(cause) not in seen:
        lines = [*_chain(cause, seen), "\nAbove: what led to this.\n\n"]
    lines.append("Traceback (most recent call last):\n")
    lines += traceback.format_tb(error.__traceback__)
    kind = type(error)
    where = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return [*lines, f"{where}{kind.__qualname__}: {explain(error)}\n"]

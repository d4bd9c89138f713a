"""Errors reported to Sentry, or whatever speaks its protocol, where SENTRY_DSN is set.

Each error line of the log is one event. It is put together anew from a list of what may leave: the
traceback, the scrubbed message and the ids of the log line. No request, no person, no values.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core.signals import request_finished

from monitoring import facts
from monitoring.scrubbing import explain

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

#: What an event keeps as the client made it. Everything else is left out or made here.
KEPT: Final = (
    "event_id",
    "timestamp",
    "level",
    "platform",
    "logger",
    "release",
    "environment",
    "sdk",
)
FRAME: Final = (
    "filename",
    "abs_path",
    "function",
    "module",
    "lineno",
    "pre_context",
    "context_line",
    "post_context",
    "in_app",
)
#: Seconds that an instance waits for its report to be sent before it may be frozen.
PATIENCE: Final = 2.0

_waiting = threading.Event()


def start(dsn: str, *, release: str, environment: str) -> None:
    """Report errors from now on. The client is imported here, because it costs a cold start."""
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration

    sentry_sdk.init(
        dsn=dsn,
        release=release or None,
        environment=environment,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR),
            AtexitIntegration(callback=lambda pending, timeout: None),
        ],
        before_send=before_send,
        # Nothing about persons is its default; to say so again is a warning since 2.70.
        spotlight=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        server_name="",
        traces_sample_rate=0.0,
        send_client_reports=False,
        auto_session_tracking=False,
    )
    if settings.ON_VERCEL:
        request_finished.connect(_send_now, dispatch_uid="monitoring.sentry")


def before_send(event: Event, hint: Hint) -> Event:
    """The event, made again from what may leave the house."""
    given: dict[str, Any] = dict(event)
    made: dict[str, Any] = {name: given[name] for name in KEPT if name in given}
    made["tags"] = {name: str(value) for name, value in facts.known().items()}
    record = hint.get("log_record")
    if isinstance(record, logging.LogRecord):
        from monitoring.logs import TextFormatter

        made["logentry"] = {"formatted": TextFormatter().message(record)}
    if "exception" in given:
        made["exception"] = {"values": list(_exceptions(given["exception"]["values"], hint))}
    _waiting.set()
    return made  # type: ignore[return-value]


def _exceptions(values: list[dict[str, Any]], hint: Hint) -> Iterator[dict[str, Any]]:
    said = {}
    error = (hint.get("exc_info") or (None, None, None))[1]
    while error is not None and id(error) not in said:
        said[id(error)] = (type(error).__name__, explain(error))
        error = error.__cause__ or error.__context__
    texts = dict(reversed(said.values()))
    for one in values:
        frames = (one.get("stacktrace") or {}).get("frames", [])
        yield {
            "type": one.get("type"),
            "module": one.get("module"),
            # Of one that is not in the chain, its kind is enough.
            "value": texts.get(str(one.get("type")), "[…]"),
            "stacktrace": {"frames": [{k: f[k] for k in FRAME if k in f} for f in frames]},
        }


def _send_now(**kwargs: Any) -> None:
    """An instance may be frozen as soon as it has answered, and its report with it."""
    if _waiting.is_set():
        _waiting.clear()
        import sentry_sdk

        sentry_sdk.flush(PATIENCE)

"""What may be remembered for a while: in Redis where there is one, otherwise in this process.

Every key carries the bound business, and with none bound nothing is read or written: NoBusiness is
raised. What is remembered must be right without being forgotten early: other processes may not
share it. Values are what JSON can hold.

If Redis does not answer, nothing is found and nothing kept, and for PAUSE seconds nobody asks again,
so that no more than one request in that time waits for it. The log says so once, and once when it
is back.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache

from tenants import context

logger = logging.getLogger(__name__)
T = TypeVar("T")

PAUSE = 5.0  # Seconds.
LONGEST = 150  # Characters of a name.


class _Breaker:
    """Whether Redis is asked at all."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.silent = False
        self.until = 0.0

    def closed(self) -> bool:
        """Whether to ask now. While Redis is silent one caller in each PAUSE finds out."""
        if not self.silent:
            return True
        with self.lock:
            if time.monotonic() < self.until:
                return False
            self.until = time.monotonic() + PAUSE
            return True

    def failed(self, error: Exception) -> None:
        with self.lock:
            self.until = time.monotonic() + PAUSE
            first, self.silent = not self.silent, True
        if first:
            # Not the message: it may hold the address with its password.
            logger.warning(
                "Redis does not answer (%s): nothing is cached, and limits are counted in the"
                " database until it does.",
                type(error).__name__,
            )

    def worked(self) -> None:
        if self.silent:
            with self.lock:
                back, self.silent = self.silent, False
            if back:
                logger.warning("Redis answers again.")


_breaker = _Breaker()


def _ask(action: Callable[[], T], otherwise: T) -> T:
    """What the cache answers; `otherwise` where it is out of reach."""
    if not settings.SHARED_CACHE:
        return action()
    if not _breaker.closed():
        return otherwise
    from redis.exceptions import RedisError

    try:
        answer = action()
    except (RedisError, OSError) as error:
        _breaker.failed(error)
        return otherwise
    except ValueError:
        # Something that we did not write.
        return otherwise
    _breaker.worked()
    return answer


def key(name: str) -> str:
    """The key of the bound business. Raises NoBusiness when unbound and in platform work.

    A long name counts by its hash: caches of other kinds take no key above 250 bytes, and Django
    warns of each.
    """
    if len(name) > LONGEST:
        name = hashlib.sha256(name.encode()).hexdigest()
    return f"b{context.require_id()}:{name}"


def get(name: str) -> Any:
    """What is remembered under the name, or None."""
    whole = key(name)
    return _ask(lambda: cache.get(whole), None)


def put(name: str, value: Any, seconds: int) -> None:
    """Remember a value that is not None for so many seconds."""
    whole = key(name)
    _ask(lambda: cache.set(whole, value, seconds), None)


def remembered(name: str, seconds: int, make: Callable[[], T]) -> T:
    """The value under the name; where there is none, what `make` returns, which is then kept."""
    found: T | None = get(name)
    if found is None:
        found = make()
        put(name, found, seconds)
    return found


def tally(name: str, seconds: int, by: int = 1) -> int | None:
    """Count up or down for the whole installation, from 0 again after so many seconds.

    Returns the new count, or None where no Redis counts: then the caller must. The name may tell no
    business anything of another: limits use keyed hashes.
    """
    if not settings.SHARED_CACHE:
        return None
    whole = f"platform:{name}"

    def count() -> int:
        cache.add(whole, 0, seconds)
        return cache.incr(whole, by)

    return _ask(count, None)

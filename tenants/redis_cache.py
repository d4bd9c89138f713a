"""Redis as Django's cache: values as JSON, short waits, the library loaded at the first use."""

from __future__ import annotations

import json
from typing import Any

from django.core.cache.backends import redis as backend

# Seconds. A shop that waits for its cache is slower than one without.
WAIT = 0.25


class JsonSerializer:
    """Values as JSON: who can write to Redis must not thereby run code here, as pickles allow.

    A number is its digits, so that Redis itself can count it up.
    """

    def dumps(self, obj: Any) -> bytes:
        return json.dumps(obj).encode()

    def loads(self, data: Any) -> Any:
        return json.loads(data)


class Client(backend.RedisCacheClient):
    """Gives up after WAIT; a connection that died while idle is opened again, once."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        from redis import exceptions
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        retry = Retry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,))
        limits: dict[str, Any] = {
            "socket_timeout": WAIT,
            "socket_connect_timeout": WAIT,
            "retry": retry,
        }
        super().__init__(servers, serializer=JsonSerializer(), **limits, **options)


class RedisCache(backend.RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = Client

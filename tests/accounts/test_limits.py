"""Whose tries are counted together: the address as far as it can be known."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from accounts.limits import address_of


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "address"),
    [
        (0, None, "192.0.2.7", "192.0.2.7"),
        (0, "203.0.113.9", "192.0.2.7", "192.0.2.7"),
        (1, "203.0.113.9", "127.0.0.1", "203.0.113.9"),
        (1, "10.0.0.1, 203.0.113.9", "127.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9, 198.51.100.4", "127.0.0.1", "203.0.113.9"),
        # A proxy that adds nothing: not one key for the whole world without its address.
        (1, None, "127.0.0.1", "127.0.0.1"),
        (1, "", "127.0.0.1", "127.0.0.1"),
        (2, "203.0.113.9", "127.0.0.1", "127.0.0.1"),
        (1, "2001:db8:1:2:3:4:5:6", "::1", "2001:0db8:0001:0002"),
    ],
)
def test_the_address_that_is_counted(
    proxies: int, forwarded: str | None, remote: str, address: str, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote)
    assert address_of(request) == address

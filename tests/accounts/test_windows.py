"""Windows of other lengths than a quarter of an hour, counted in the database and in Redis."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts import limits
from accounts.limits import MINUTE, Limit, TooMany, prune
from accounts.models import Attempt
from tests.api.calls import said
from tests.factories import Shop, make_device, with_token
from tests.metering.using import metering


def test_a_minute_is_a_window_of_its_own(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000 // MINUTE
    monkeypatch.setattr(limits, "window", lambda seconds=900: now * MINUTE // seconds)
    limit = Limit("few", most=2, seconds=MINUTE)
    assert [limit.count("x"), limit.count("x")] == [1, 2]
    with pytest.raises(TooMany) as many:
        limit.count("x")
    assert 1 <= many.value.wait <= MINUTE
    assert limit.count("y") == 1
    now += 1
    assert limit.count("x") == 1
    now += 15
    assert limit.count("x") == 1, "the same minute of the next quarter is another one"
    limit.forgive("x")
    assert limit.count("x") == 1


def test_counts_of_short_windows_are_pruned_with_their_quarter(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Limit("few", most=9, seconds=MINUTE).count("x")
    Limit("few", most=9).count("x")
    assert prune() == 0
    assert Attempt.objects.count() == 2
    pinned = limits.window
    monkeypatch.setattr(limits, "window", lambda seconds=900: pinned(seconds) + 1)
    assert prune() == 2


@pytest.mark.parametrize("seconds", [0, 7, 1000, 3600])
def test_a_window_that_could_not_be_pruned_is_refused(seconds: int) -> None:
    with pytest.raises(ValueError, match="do not divide"):
        Limit("odd", most=1, seconds=seconds)


def test_the_longest_key_fits_its_column() -> None:
    key, _quarter = limits._place(Limit("sign-in", 1, 1).key("x" * 300), 1)
    assert len(key) <= (Attempt._meta.get_field("key").max_length or 0)


@pytest.fixture(autouse=True)
def _as_it_was(settings: Any) -> None:
    """What a test sets is put back."""
    settings.METERING = settings.METERING


def test_wrong_tokens_are_counted_by_address(shop: Shop, settings: Any) -> None:
    metering(failures=3)
    settings.TRUSTED_PROXIES = 0
    bad = with_token("tb_guessed")
    for _again in range(3):
        said(bad.get("/api/v1/me"), 401, "not_authenticated")
    response = bad.get("/api/v1/me")
    said(response, 429, "too_many")
    assert 1 <= int(response["Retry-After"]) <= 60
    elsewhere = Client(headers={"Authorization": "Bearer tb_guessed"}, REMOTE_ADDR="192.0.2.7")
    said(elsewhere.get("/api/v1/me"), 401, "not_authenticated")
    # The tills of the same shop sell on.
    assert with_token(make_device(shop)[1]).get("/api/v1/me").status_code == 200
    # Who sends none has guessed nothing.
    said(Client().get("/api/v1/me"), 401, "not_authenticated")


def test_a_good_token_is_counted_nowhere(shop: Shop) -> None:
    till = with_token(make_device(shop)[1])
    till.get("/api/v1/me")
    assert not Attempt.objects.exists()


def test_who_must_sign_in_again_is_told_so(shop: Shop) -> None:
    metering(failures=1)
    token = make_device(shop)[1]
    gone = Client(headers={"Authorization": f"Bearer {token}", "X-Operator": "tbo_gone"})
    for _again in range(3):
        said(gone.get("/api/v1/me"), 401, "operator_signed_out")

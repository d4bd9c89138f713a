"""Many requests at once: exactly those get in that fit, on both databases and on Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.limits import MINUTE, Limit, TooMany
from accounts.models import Attempt
from metering import admitting, ledger, storing
from metering.ledger import Kind
from metering.models import ApiAccount, KeyDay
from tenants.context import business
from tests.concurrency.crowd import patiently, refusals, together
from tests.conftest import ON_POSTGRES
from tests.factories import Shop, make_shop
from tests.metering.using import Key, account, days, entries, limit, make_key, metering, use
from tests.pos.test_redis import Server, cached_by

CROWD = 40 if ON_POSTGRES else 8
FITS = CROWD * 3 // 5


@pytest.fixture
def key(committed_db: None) -> Key:
    with transaction.atomic():
        shop = make_shop("acme")
    return make_key(shop)


def within(shop: Shop, work: Callable[[], Any]) -> Any:
    with business(shop.business):
        return patiently(work)


def rush(shop: Shop, *work: Callable[[], Any]) -> list[Any]:
    """All at once; what one of them raises is raised."""
    results = together([partial(within, shop, one) for one in work])
    for one in results:
        if isinstance(one, BaseException):
            raise one
    return results


def judged(key: Key) -> int:
    """What a request in a thread of its own is answered with, 200 for let in."""
    refusal = admitting.judge(key.device, "api_customers").refusal
    return 200 if refusal is None else refusal.status_code


def test_a_crowd_at_the_limit_of_a_day(key: Key) -> None:
    limit(key, per_day=FITS)
    results = rush(key.shop, *[partial(judged, key)] * CROWD)
    assert sorted(results) == [200] * FITS + [429] * (CROWD - FITS)
    assert days(key.shop) == [("Web shop", FITS, 0, 0, 0)]


def test_a_crowd_at_the_limit_of_a_month(key: Key) -> None:
    yesterday = timezone.now().date() - timedelta(days=1)
    with business(key.shop.business):
        use(key.shop, key.device, day=yesterday, requests=2, charged=0)
    limit(key, per_month=FITS + 2)
    results = rush(key.shop, *[partial(judged, key)] * CROWD)
    assert results.count(200) == FITS


def test_without_the_condition_more_get_in(key: Key) -> None:
    """The race is there: who looks first and counts then lets too many in."""
    limit(key, per_day=FITS)
    meet = threading.Barrier(CROWD)

    def naive() -> int:
        with transaction.atomic():
            day = timezone.now().date()
            count = storing.counts([key.device.pk], day)[key.device.pk]
        meet.wait(300)
        return 200 if count.day < count.per_day else 429

    assert rush(key.shop, *[naive] * CROWD) == [200] * CROWD


def test_a_crowd_of_keys_and_the_credits_of_one_business(key: Key) -> None:
    metering(enforced=True)
    keys = [key, make_key(key.shop, "Second"), make_key(key.shop, "Third")]
    with business(key.shop.business):
        ledger.post(kind=Kind.GRANTED, amount=FITS, reason="Welcome")
    work = [partial(judged, keys[number % 3]) for number in range(CROWD)]
    results = rush(key.shop, *work)
    assert sorted(results) == [200] * FITS + [429] * (CROWD - FITS)
    assert account(key.shop) == (FITS, FITS)
    assert sum(row[1] for row in days(key.shop)) == FITS
    assert sum(row[2] for row in days(key.shop)) == FITS


def test_a_crowd_in_a_minute(key: Key) -> None:
    metering(per_minute=FITS)
    results = rush(key.shop, *[partial(judged, key)] * CROWD)
    assert sorted(results) == [200] * FITS + [429] * (CROWD - FITS)
    assert Attempt.objects.get().count == CROWD
    assert days(key.shop) == [("Web shop", FITS, 0, 0, 0)]


def test_one_reference_from_many_sides_is_one_entry(key: Key) -> None:
    give = partial(ledger.post, kind=Kind.BOUGHT, amount=5, reason="Invoice 7", reference="7")
    made = [one[1] for one in rush(key.shop, *[give] * CROWD)]
    assert made.count(True) == 1
    assert entries(key.shop) == [("bought", 5, 5)]


def test_numbers_of_entries_have_no_gaps(key: Key) -> None:
    rush(
        key.shop,
        *[partial(ledger.post, kind=Kind.GRANTED, amount=1, reason="One")] * CROWD,
    )
    assert entries(key.shop) == [("granted", 1, number + 1) for number in range(CROWD)]


def test_corrections_at_once_take_no_more_than_there_is(key: Key) -> None:
    with business(key.shop.business):
        ledger.post(kind=Kind.GRANTED, amount=FITS, reason="Welcome")
    take = partial(ledger.post, kind=Kind.CORRECTED, amount=-1, reason="Given twice")
    results = together([partial(within, key.shop, take)] * CROWD)
    assert refusals(results) == ["not_enough_credits"] * (CROWD - FITS)
    assert account(key.shop) == (0, 0)


def test_booking_while_others_count_loses_and_doubles_nothing(key: Key) -> None:
    """Several book, several write what tills used, programs ask: the sums agree at the end."""
    metering(enforced=True)
    today = timezone.now().date()
    past = today - timedelta(days=1)
    with business(key.shop.business):
        ledger.post(kind=Kind.GRANTED, amount=10 * CROWD, reason="Welcome")
    work: list[Callable[[], Any]] = []
    for number in range(CROWD):
        day = past if number % 2 else today
        work.append(partial(use, key.shop, key.device, day=day, requests=2, charged=2))
        work.append(partial(judged, key))
        if number % 4 == 0:
            work.append(ledger.fold)
    rush(key.shop, *work)
    with business(key.shop.business):
        ledger.fold()
    charged = sum(row[2] for row in days(key.shop))
    booked = -sum(amount for kind, amount, _b in entries(key.shop) if kind == "used")
    assert charged == 3 * CROWD
    assert booked == CROWD // 2 * 2
    assert account(key.shop) == (10 * CROWD - booked, charged - booked)


# -- on Redis ---------------------------------------------------------------------------------------


@pytest.fixture
def redis(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with cached_by(tmp_path, settings, monkeypatch) as running:
        yield running


def test_a_crowd_in_a_minute_on_redis(key: Key, redis: Server) -> None:
    metering(per_minute=FITS)
    results = rush(key.shop, *[partial(judged, key)] * CROWD)
    assert sorted(results) == [200] * FITS + [429] * (CROWD - FITS)
    assert not Attempt.objects.exists(), "Redis counts the minute"
    assert days(key.shop) == [("Web shop", FITS, 0, 0, 0)]
    (name,) = redis.names()
    assert 0 < redis.client.ttl(name) <= MINUTE


def test_days_and_credits_are_exact_beside_redis(key: Key, redis: Server) -> None:
    metering(enforced=True)
    limit(key, per_day=FITS)
    with business(key.shop.business):
        ledger.post(kind=Kind.GRANTED, amount=FITS - 2, reason="Welcome")
    results = rush(key.shop, *[partial(judged, key)] * CROWD)
    assert results.count(200) == FITS - 2
    assert account(key.shop) == (FITS - 2, FITS - 2)
    with business(key.shop.business), transaction.atomic():
        assert KeyDay.objects.get().count == FITS - 2
        assert ApiAccount.objects.get().left == 0


def test_a_limit_alone_lets_exactly_so_many_through_on_redis(
    redis: Server, committed_db: None
) -> None:
    few = Limit("few", most=FITS, seconds=MINUTE)

    def one() -> bool:
        try:
            few.count("somebody")
        except TooMany:
            return False
        return True

    assert together([one] * CROWD).count(True) == FITS


def test_a_limit_alone_lets_exactly_so_many_through_in_the_database(committed_db: None) -> None:
    few = Limit("few", most=FITS, seconds=MINUTE)

    def one() -> bool:
        try:
            patiently(partial(few.count, "somebody"))
        except TooMany:
            return False
        return True

    assert together([one] * CROWD).count(True) == FITS

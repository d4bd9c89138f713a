"""Reports from a streaming replica: who is answered by it, who never, and what happens when it dies."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection, connections, transaction
from django.db.utils import ConnectionRouter
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from inventory.models import Brand, Product
from pos.database import replica
from scripts.cluster import APP, DATABASE
from scripts.postgres import running
from scripts.standby import Standby, standby_of
from tenants import context
from tenants import replica as replicas
from tests import databases, factories
from tests.factories import Shop

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


# BEGIN, how far it is, and the end of it.
ASKED = 3


@dataclass
class House:
    shop: Shop
    other: Shop
    standby: Standby

    def client(self) -> Client:
        client = Client()
        client.force_login(self.shop.owner)
        return client


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 600
    while not true():
        assert time.monotonic() < end, "the replica did not come to it"
        time.sleep(0.05)


@contextmanager
def with_replica(url: str) -> Iterator[None]:
    """What settings do where REPLICA_URL is set, in this process."""
    from django.db import router

    patch = pytest.MonkeyPatch()
    patch.setattr(settings, "REPLICA_URL", url)
    # However long the tests take between two writes; the one of a late replica says less.
    patch.setattr(settings, "REPLICA_LAG_SECONDS", 3600)
    patch.setattr(settings, "DATABASE_ROUTERS", ["tenants.replica.Router"])
    patch.setattr(router, "routers", ConnectionRouter().routers)
    middleware = list(settings.MIDDLEWARE)
    place = middleware.index("accounts.sessions.SessionMiddleware")
    middleware.insert(place, "tenants.replica.WrittenMiddleware")
    patch.setattr(settings, "MIDDLEWARE", middleware)
    patch.setattr(replicas, "health", replicas._Health())
    config = connections.configure_settings({"default": {}, "x": replica(url, {})})["x"]
    config["OPTIONS"]["connect_timeout"] = 60
    connections.settings["replica"] = config
    try:
        yield
    finally:
        connections["replica"].close()
        del connections["replica"]
        del connections.settings["replica"]
        patch.undo()


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any, migrated: str) -> Iterator[House]:
    config = connections.settings["default"]
    saved = dict(config)
    with running() as cluster, django_db_blocker.unblock():
        databases.fill(cluster, migrated)
        connection.close()
        config.update(
            HOST="127.0.0.1", PORT=cluster.pool_port, PASSWORD=cluster.passwords[APP], NAME=DATABASE
        )
        try:
            with transaction.atomic():
                shops = factories.make_shop("acme"), factories.make_shop("rival")
            with standby_of(cluster) as standby, with_replica(standby.url):
                yield House(*shops, standby)
        finally:
            connection.close()
            config.clear()
            config.update(saved)


@pytest.fixture(autouse=True)
def followed(house: House) -> Iterator[None]:
    """Every test begins with a replica that follows."""
    replicas.health.asleep_until = 0.0
    yield
    if (house.standby.data / "postmaster.pid").exists():
        house.standby.sql("SELECT pg_wal_replay_resume()")


def write(house: House, name: str) -> None:
    with context.business(house.shop.business), transaction.atomic():
        Brand.objects.create(name=name)


def asked(client: Client) -> tuple[int, int]:
    """How many statements the dashboard sends to the replica and to the primary."""
    with (
        CaptureQueriesContext(connections["replica"]) as there,
        CaptureQueriesContext(connection) as here,
    ):
        answer = client.get("/b/acme/")
    assert answer.status_code == 200, answer.content
    return len(there), len(here)


def caught_up(house: House) -> None:
    write(house, f"Brand {time.monotonic()}")
    last = "SELECT pg_current_wal_lsn()"
    with connection.cursor() as cursor:
        cursor.execute(last)
        position = cursor.fetchone()[0]
    until(lambda: house.standby.sql(f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == "t")


def test_reports_are_read_from_the_replica(house):
    caught_up(house)
    there, here = asked(house.client())
    assert there > 6, "the sums, the best sellers, the lists"
    assert here < there, "the door: session, person, membership"


def test_whoever_has_written_reads_what_they_wrote(house):
    caught_up(house)
    client = house.client()
    house.standby.sql("SELECT pg_wal_replay_pause()")
    made = client.post("/b/acme/brands/new/", {"name": "Mine"})
    assert made.status_code == 302
    cookie = made.cookies[replicas.COOKIE]
    assert cookie["httponly"] and cookie["max-age"] == replicas.REMEMBERED
    assert asked(client)[0] == ASKED, "how far it is, and nothing more"
    assert asked(house.client())[0] > 6, "nobody else has to wait for it"
    house.standby.sql("SELECT pg_wal_replay_resume()")
    position = cookie.value
    until(lambda: house.standby.sql(f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == "t")
    assert asked(client)[0] > 6


def test_a_replica_that_is_far_behind_answers_nobody(house, monkeypatch):
    caught_up(house)
    monkeypatch.setattr(settings, "REPLICA_LAG_SECONDS", 1)
    house.standby.sql("SELECT pg_wal_replay_pause()")
    time.sleep(1.5)
    assert asked(house.client())[0] == ASKED


def test_a_forged_position_is_no_way_to_the_replica(house):
    caught_up(house)
    client = house.client()
    for forged in ("'; DROP TABLE x; --", "0/0/0", "FFFFFFFFF/0", "x"):
        client.cookies[replicas.COOKIE] = forged
        assert asked(client)[0] == 0


def test_the_walls_stand_on_the_replica_too(house):
    caught_up(house)
    with context.business(house.shop.business), replicas.reading() as is_replica:
        assert is_replica
        mine = set(Product.objects.values_list("business_id", flat=True))
        with connections["replica"].cursor() as cursor:
            cursor.execute("SELECT DISTINCT business_id FROM inventory_product")
            raw = {row[0] for row in cursor.fetchall()}
        assert mine == raw == {house.shop.business.pk}
        with context.business(house.other.business), connections["replica"].cursor() as cursor:
            cursor.execute("SELECT DISTINCT business_id FROM inventory_product")
            assert {row[0] for row in cursor.fetchall()} == {house.other.business.pk}
    with pytest.raises(context.NoBusiness), replicas.reading():
        list(Product.objects.all())


def test_what_is_written_within_goes_to_the_primary(house):
    caught_up(house)
    bound = context.business(house.shop.business)
    with bound, transaction.atomic(), replicas.reading() as is_replica:
        assert is_replica
        brand = Brand.objects.create(name="Written within")
        assert brand._state.db == "default"
        product = Product.objects.select_related("category").first()
        assert product is not None and product._state.db == "replica"
    with context.business(house.shop.business), transaction.atomic():
        product.name = "Renamed at the primary"
        product.save(update_fields=["name"])
        assert Product.objects.get(pk=product.pk).name == "Renamed at the primary"
        assert Brand.objects.filter(name="Written within").exists()


def test_what_takes_too_long_at_the_primary_is_no_fault_of_the_replica(house):
    caught_up(house)
    calls = []

    @replicas.from_replica
    def slow(request):
        calls.append(request)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '50ms'")
            cursor.execute("SELECT pg_sleep(2)")
        return HttpResponse()

    with pytest.raises(OperationalError, match="statement timeout"), transaction.atomic():
        slow(RequestFactory().get("/"))
    assert len(calls) == 1
    assert replicas.health.awake()


def test_a_replica_that_dies_in_the_middle_costs_nobody_an_answer(house):
    caught_up(house)
    client = house.client()
    assert asked(client)[0] > 6
    house.standby.kill()
    until(lambda: not (house.standby.data / "postmaster.pid").exists())
    answer = client.get("/b/acme/")
    assert answer.status_code == 200
    assert not replicas.health.awake(), "and the next request does not try it"
    assert client.get("/b/acme/").status_code == 200

"""The scheduler's call: with the secret alone, as much as fits into its time."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

import tests.archive.job_kinds  # noqa: F401  (its kinds)
from accounts.models import Membership
from archive.jobs import ask
from archive.models import Job
from inventory.models import Brand
from tenants.context import business
from tests.factories import Shop, make_shop

SECRET = {"Authorization": "Bearer a long secret"}


@pytest.fixture(autouse=True)
def _secret(settings: Any) -> None:
    settings.CRON_SECRET = "a long secret"


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "a long secret"])
def test_without_the_secret_there_is_nothing(db: None, header: str) -> None:
    assert Client().get("/cron/jobs/", headers={"Authorization": header}).status_code == 404


def test_without_a_secret_it_answers_nobody(db: None, settings: Any) -> None:
    settings.CRON_SECRET = ""
    assert Client().get("/cron/jobs/", headers={"Authorization": "Bearer "}).status_code == 404


def test_only_get(db: None) -> None:
    assert Client().post("/cron/jobs/", headers=SECRET).status_code == 405


def asked(shop: Shop, **options: Any) -> None:
    with business(shop.business), transaction.atomic():
        ask("test.brands", by=Membership.objects.get(user=shop.owner), options=options)


def test_it_does_what_waits_in_every_business(committed_db: None) -> None:
    with transaction.atomic():
        shop, other = make_shop("acme"), make_shop("rival")
    asked(shop)
    asked(other, then="refuse")
    asked(other, count=1)
    answer = Client().get("/cron/jobs/", headers=SECRET)
    assert answer.json() == {"jobs": {"done": 2, "failed": 1}, "webhooks": 0, "folded": 0}
    assert answer["Cache-Control"].startswith("max-age=0")
    for company, brands in ((shop, 3), (other, 1)):
        with business(company.business), transaction.atomic():
            assert Brand.objects.count() == brands
    assert not connection.in_atomic_block
    assert Client().get("/cron/jobs/", headers=SECRET).json() == {
        "jobs": {},
        "webhooks": 0,
        "folded": 0,
    }


def test_what_does_not_fit_is_put_back(committed_db: None, settings: Any, tmp_path: Any) -> None:
    settings.JOB_SECONDS = 0.3
    with transaction.atomic():
        shop = make_shop("acme")
    asked(shop, go=str(tmp_path / "never"))
    assert Client().get("/cron/jobs/", headers=SECRET).json() == {
        "jobs": {},
        "webhooks": 0,
        "folded": 0,
    }
    with business(shop.business), transaction.atomic():
        row = Job.objects.get()
        assert (row.state, row.tries, Brand.objects.count()) == ("waiting", 1, 0)

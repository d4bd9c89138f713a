"""The status page: for platform administrators alone, with everything, and on a fresh installation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from archive.models import Job
from backups.models import BackupRun
from monitoring import deployments, health
from monitoring.alerts import checking
from monitoring.metrics import reading, storing
from monitoring.models import BOUNDS_MS, Alert, LastRun, Notice
from monitoring.views.status import PARTS, duration
from tenants.context import business
from tests.conftest import ON_POSTGRES
from tests.factories import PASSWORD, Shop, signed_in

STATUS = "/status/"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    health.kept.forget()


@pytest.fixture
def administrator(db: None) -> User:
    return User.objects.create_user("platform", PASSWORD, is_superuser=True)


@pytest.fixture
def client(administrator: User) -> Client:
    return signed_in(administrator)


def text_of(client: Client) -> str:
    answer = client.get(STATUS)
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def count(
    route: str, status: int = 200, *, method: str = "GET", times: int = 1, ago: int = 0
) -> None:
    buckets = [times if bound == 50 else 0 for bound in BOUNDS_MS]
    minute = reading.this_minute() - ago
    storing.add({(minute, route, method, status): [times, times * 40_000, times * 4, *buckets]})


# -- whom it answers ------------------------------------------------------------------------------


def test_signed_out_leads_to_signing_in(db: None) -> None:
    answer = Client().get(STATUS)
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=/status/"


def test_others_find_nothing(owner: Client, manager: Client, stranger: Client) -> None:
    for client in (owner, manager, stranger):
        assert client.get(STATUS).status_code == 404


def test_only_get(client: Client) -> None:
    assert client.post(STATUS).status_code == 405


def test_a_password_that_must_change_comes_first(client: Client, administrator: User) -> None:
    administrator.must_change_password = True
    administrator.save()
    assert client.get(STATUS)["Location"] == "/password/"


def test_the_list_of_businesses_leads_there(client: Client, owner: Client) -> None:
    assert f'href="{STATUS}"' in client.get("/businesses/").text
    assert f'href="{STATUS}"' not in owner.get("/businesses/").text


# -- what it shows --------------------------------------------------------------------------------


def test_a_fresh_installation(client: Client, settings: Any) -> None:
    settings.BACKUP_TO = ""
    text = text_of(client)
    assert "The alerts have never been evaluated." in text
    assert "No requests in the last 24 hours" in text
    assert "No backups are set up." in text
    assert "None was recorded yet" in text
    assert "None so far." in text
    assert "Alerts are told to nobody." in text


def test_all_is_well(client: Client) -> None:
    LastRun.objects.create(name=checking.NAME, at=timezone.now())
    assert "Nothing is wrong." in text_of(client)


def test_alerts_open_and_past(client: Client, settings: Any) -> None:
    settings.ALERT_EMAILS = ["it@example.com"]
    now = timezone.now()
    LastRun.objects.create(name=checking.NAME, at=now)
    one = Alert.objects.create(kind="disk", message="The disk is <full>.")
    Alert.objects.create(kind="slow", message="It was slow.", resolved_at=now)
    Notice.objects.create(alert=one, channel="mail")
    text = text_of(client)
    assert "The disk fills up" in text
    assert "The disk is &lt;full&gt;." in text
    assert "Nothing is wrong." not in text
    assert "1 message about an alert could not be delivered" in text
    assert text.index("The disk is") < text.index("Past alerts") < text.index("It was slow.")


def test_evaluation_that_stopped_is_said(client: Client) -> None:
    LastRun.objects.create(name=checking.NAME, at=timezone.now() - timedelta(days=2))
    assert "Keep <code>python manage.py run_jobs --watch</code> running" in text_of(client)
    assert "Nothing is wrong." not in text_of(client)


def test_traffic_of_the_last_day(client: Client) -> None:
    count("sale_list", times=194, ago=90)
    count("sale_list", 500, times=2, ago=90)
    count("api_sales", 201, method="POST", times=4)
    count("readyz", 503, times=999)
    count("till", times=5000, ago=25 * 60)
    text = text_of(client)
    assert ">200<" in text, "requests of people in 24 hours"
    assert ">1%<" in text
    assert "2 of them failed" in text
    assert ">49 ms<" in text
    assert "<code>sale_list</code>" in text
    assert "readyz</code>" not in text
    assert text.count("<svg role") == 3


def test_jobs_backups_deployments_and_sessions(client: Client, shop: Shop) -> None:
    now = timezone.now()
    with business(shop.business):
        Job.objects.create(kind="x", created_at=now - timedelta(minutes=7))
    BackupRun.objects.create(
        kind="backup", started_at=now - timedelta(hours=3), is_good=True, size=5_000_000
    )
    BackupRun.objects.create(kind="backup", started_at=now, is_good=False, message="No room.")
    BackupRun.objects.create(kind="drill", started_at=now, is_good=True)
    deployments.finished(deployments.begin("a1b2c3"), ok=False, summary="A migration failed.")
    text = text_of(client)
    assert "the oldest for 7 minutes" in text
    assert "4.8 MB" in text
    assert "No room." in text
    assert "a1b2c3" in text
    assert "A migration failed." in text
    assert ("Database connections" in text) == ON_POSTGRES


def test_it_shows_no_data_of_a_shop(client: Client, shop: Shop) -> None:
    text = text_of(client)
    for word in (shop.business.slug, shop.business.name, shop.customer.name, "Blue mug"):
        assert word not in text


def test_it_costs_the_same_however_much_was_counted(client: Client) -> None:
    def statements() -> int:
        health.kept.forget()
        with CaptureQueriesContext(connection) as captured:
            text_of(client)
        return len(captured)

    count("sale_list")
    few = statements()
    for number in range(60):
        count(f"page_{number}", ago=number * 20)
    assert statements() == few
    assert few < 45


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(None, "–"), (84, "84 ms"), (2400, "2.4 s"), (10_000, "over 10 s")],
)
def test_durations(milliseconds: int | None, text: str) -> None:
    assert duration(milliseconds) == text


@pytest.mark.django_db
def test_each_part_that_is_looked_at_has_a_name_for_people() -> None:
    assert {part.name for part in health.look().parts} == PARTS.keys()

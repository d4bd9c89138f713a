"""/metrics: whom it answers, and that Prometheus' own parser reads every figure in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from archive.models import Job
from backups.models import BackupRun
from monitoring import deployments
from monitoring.alerts import rules
from monitoring.metrics import exposition, pooler, reading, storing
from monitoring.metrics.counting import counter
from monitoring.metrics.exposition import Family, Sample, render
from monitoring.models import BOUNDS_MS, Alert, LastRun, RequestCount
from tenants.context import business
from tests.conftest import ON_POSTGRES
from tests.factories import Shop, signed_in

TOKEN = {"Authorization": "Bearer scrape me"}


@pytest.fixture(autouse=True)
def _token(settings: Any) -> Iterator[None]:
    settings.METRICS_TOKEN = "scrape me"
    yield
    counter.begin()


def count(
    route: str, status: int = 200, *, method: str = "GET", times: int = 1, ms: int = 20
) -> None:
    """Requests of this minute, as they stand in the rows."""
    buckets = [
        times if bound == next(b for b in BOUNDS_MS if b >= ms) else 0 for bound in BOUNDS_MS
    ]
    values = [times, times * ms * 1000, times * 3, *buckets]
    storing.add({(reading.this_minute(), route, method, status): values})


def scraped(client: Client | None = None) -> dict[str, Metric]:
    answer = (client or Client()).get("/metrics", headers=TOKEN)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def values(metric: Metric, **labels: str) -> list[float]:
    return [
        sample.value
        for sample in metric.samples
        if labels.items() <= sample.labels.items() and sample.name.endswith(("_total", metric.name))
    ]


# -- whom it answers ------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "scrape me", "bearer scrape me"])
def test_without_the_token_there_is_nothing(db: None, header: str) -> None:
    assert Client().get("/metrics", headers={"Authorization": header}).status_code == 404


def test_without_a_configured_token_it_answers_nobody(shop: Shop, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    shop.owner.is_superuser = True
    shop.owner.save()
    for client in (Client(), signed_in(shop.owner)):
        assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_only_get(db: None) -> None:
    assert Client().post("/metrics", headers=TOKEN).status_code == 405
    assert Client().head("/metrics", headers=TOKEN).status_code == 200


def test_it_is_not_kept_anywhere(db: None) -> None:
    assert "no-store" in Client().get("/metrics", headers=TOKEN)["Cache-Control"]


# -- what it says ---------------------------------------------------------------------------------


def test_a_fresh_installation_can_be_scraped(db: None) -> None:
    families = scraped()
    assert families["tillbook_build_info"].samples[0].labels["python"]
    assert values(families["tillbook_jobs"], state="waiting") == [0]
    assert values(families["tillbook_database_size_bytes"])[0] > 0
    assert ("tillbook_database_connections" in families) == ON_POSTGRES
    assert "tillbook_backup_age_seconds" not in families, "there is none: no age is the truth"


def test_requests_errors_and_statements(db: None) -> None:
    count("sale_list", times=7)
    count("sale_list", 500, times=2)
    count("till", 304)
    families = scraped()
    requests = families["tillbook_requests"]
    assert values(requests, route="sale_list", method="GET", status="200") == [7]
    assert values(requests, route="sale_list", status="500") == [2]
    assert values(families["tillbook_errors"], route="sale_list") == [2]
    assert values(families["tillbook_errors"], route="till") == [0]
    assert values(families["tillbook_request_statements"], route="sale_list") == [27]


def test_the_histogram_adds_up(db: None) -> None:
    count("sale_list", times=5, ms=20)
    count("sale_list", 500, times=2, ms=3000)
    storing.add({(reading.this_minute(), "sale_list", "GET", 200): [1, 20_000_000, 1, *[0] * 11]})
    family = scraped()["tillbook_request_duration_seconds"]
    assert family.type == "histogram"
    buckets = {
        sample.labels["le"]: sample.value
        for sample in family.samples
        if sample.name.endswith("_bucket")
    }
    assert list(buckets) == [*(f"{bound / 1000:g}" for bound in BOUNDS_MS), "+Inf"]
    found = list(buckets.values())
    assert found == sorted(found)
    assert (buckets["0.01"], buckets["0.025"], buckets["2"]) == (0, 5, 5)
    assert (buckets["3"], buckets["10"], buckets["+Inf"]) == (7, 7, 8)
    rest = {s.name.rpartition("_")[2]: s.value for s in family.samples if "le" not in s.labels}
    assert rest["count"] == 8
    assert math.isclose(rest["sum"], 5 * 0.02 + 2 * 3 + 20)


def test_checkouts_are_new_documents_alone(db: None) -> None:
    count("api_sales", 201, method="POST", times=4)
    count("api_sales", 200, method="POST", times=9)
    count("api_sales", 200, method="GET", times=9)
    count("api_sale_void", 201, method="POST")
    family = scraped()["tillbook_checkouts"]
    assert values(family, kind="sale") == [4]
    assert values(family, kind="void") == [1]


def test_jobs_of_all_businesses_and_of_none(shop: Shop, other_shop: Shop) -> None:
    hour_ago = timezone.now() - timedelta(hours=1)
    for one in (shop, other_shop):
        with business(one.business):
            Job.objects.create(kind="x", created_at=hour_ago)
    with business(shop.business):
        Job.objects.create(kind="x", state=Job.State.FAILED, finished_at=hour_ago)
    families = scraped()
    assert values(families["tillbook_jobs"], state="waiting") == [2]
    assert values(families["tillbook_jobs"], state="failed") == [1]
    assert 3600 <= values(families["tillbook_jobs_oldest_seconds"])[0] < 3700


def test_backups_deployments_sessions_and_alerts(shop: Shop) -> None:
    hour_ago = timezone.now() - timedelta(hours=1)
    BackupRun.objects.create(
        kind="backup", started_at=hour_ago, finished_at=hour_ago, is_good=True, size=1234
    )
    BackupRun.objects.create(kind="drill", started_at=hour_ago, is_good=False)
    deployments.finished(deployments.begin("abc"), ok=True, summary="")
    Alert.objects.create(kind="disk", message="It fills up.")
    LastRun.objects.create(name="daily", at=hour_ago)
    signed_in(shop.owner)
    families = scraped()
    assert 3600 <= values(families["tillbook_backup_age_seconds"])[0] < 3700
    assert values(families["tillbook_backup_size_bytes"]) == [1234]
    assert values(families["tillbook_restore_drill_ok"]) == [0]
    assert values(families["tillbook_deployment_ok"]) == [1]
    assert values(families["tillbook_sessions"]) == [1]
    assert values(families["tillbook_alert"], kind="disk") == [1]
    assert len(values(families["tillbook_alert"])) == len(rules.KINDS)
    assert 3600 <= values(families["tillbook_last_run_age_seconds"], name="daily")[0] < 3700


@pytest.mark.postgres
def test_connections_as_the_runtime_role_sees_them(db: None) -> None:
    families = scraped()
    used = values(families["tillbook_database_connections"])[0]
    assert 1 <= used <= values(families["tillbook_database_connections_max"])[0]


def test_counters_never_fall(db: None) -> None:
    """Not by pruning, and not when another process adds."""
    count("sale_list", times=3)
    RequestCount.objects.filter(minute__gt=0).update(minute=5)
    before = counters()
    storing.prune()
    count("sale_list", times=2)
    count("till")
    after = counters()
    assert before.keys() < after.keys()
    assert all(after[key] >= value for key, value in before.items())
    assert sum(after.values()) > sum(before.values())


def counters() -> dict[Any, float]:
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in scraped().values()
        if family.type in ("counter", "histogram")
        for sample in family.samples
        if "created" not in sample.name
    }


def test_no_label_tells_of_a_shop(shop: Shop, owner: Client, settings: Any) -> None:
    settings.METRICS_SECONDS = 3600
    counter.begin()
    assert owner.get(shop.url("sales/")).status_code == 200
    assert owner.get(shop.url(f"products/{shop.mug.product_id}/")).status_code == 200
    storing.add(counter.pending)
    answer = Client().get("/metrics", headers=TOKEN)
    assert 'route="product_detail"' in answer.text
    for word in (shop.business.slug, shop.business.name, str(shop.mug.product_id), "Owner"):
        assert word not in answer.text


# -- the format -----------------------------------------------------------------------------------


def test_odd_labels_survive_the_parser() -> None:
    odd = 'a "b" \\c\\n\nd é'
    text = render([Family("x_total", "counter", "One \\ two\nthree", [Sample(3, {"a": odd})])])
    (family,) = text_string_to_metric_families(text)
    assert family.samples[0].labels == {"a": odd}
    assert family.documentation == "One \\ two\nthree"


@pytest.mark.parametrize(("value", "text"), [(3, "3"), (0.1, "0.1"), (2**53, str(2**53))])
def test_numbers(value: float, text: str) -> None:
    assert render([exposition.gauge("x", "y", value)]).splitlines()[-1] == f"tillbook_x {text}"


def test_an_impossible_name_is_refused() -> None:
    with pytest.raises(ValueError, match="No name"):
        render([Family("a-b", "gauge", "x", [Sample(1, {})])])


# -- PgBouncer ------------------------------------------------------------------------------------


def test_a_pooler_that_does_not_answer_is_a_figure_too(
    db: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.POOLER_STATS_URL = "postgresql://stats:hush-hush@127.0.0.1:1/pgbouncer"
    assert values(scraped()["tillbook_pooler_up"]) == [0]
    assert "PgBouncer does not answer" in caplog.text
    assert "hush-hush" not in caplog.text


def test_pools_are_summed(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.POOLER_STATS_URL = "postgresql://stats@127.0.0.1/pgbouncer"
    pool = {"cl_active": 2, "cl_waiting": 1, "sv_active": 3, "sv_idle": 4, "maxwait": 5}
    monkeypatch.setattr(pooler, "_pools", lambda: [pool, {**pool, "maxwait": 7}])
    found = {name: value for name, (_meaning, value) in pooler.figures().items()}
    assert found == {
        "up": 1,
        "clients_active": 4,
        "clients_waiting": 2,
        "servers_active": 6,
        "servers_idle": 8,
        "wait_seconds": 7,
    }

"""Jobs: done or not done, never half; by one worker, in order, for whoever still may."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

import tests.archive.job_kinds  # noqa: F401  (its kinds)
from accounts.models import Membership
from accounts.permissions import Permission
from archive import jobs
from archive.jobs import ask, cancel, run, run_alone, run_next
from archive.models import Job
from inventory.models import Brand
from tenants.context import business
from tests.factories import Shop


def asked(shop: Shop, **options: Any) -> Job:
    return ask("test.brands", by=Membership.objects.get(user=shop.owner), options=options)


def again(row: Job) -> Job:
    row.refresh_from_db()
    return row


def test_done_with_what_it_did(inside: Shop) -> None:
    row = run(asked(inside, count=2))
    assert (row.state, row.result, row.tries) == ("done", {"made": 2}, 1)
    assert (row.done, row.total, row.finished_at is None) == (2, 2, False)
    assert Brand.objects.count() == 2


def test_what_is_done_is_not_done_again(inside: Shop) -> None:
    row = run(asked(inside))
    assert run(row).tries == 1
    assert run_next() is None
    assert Brand.objects.count() == 3


def test_a_refusal_is_a_sentence_and_leaves_nothing(inside: Shop) -> None:
    row = run(asked(inside, then="refuse"))
    assert (row.state, row.message) == ("failed", "There are enough brands.")
    assert not Brand.objects.exists()


def test_a_fault_of_ours_is_a_sentence_and_a_trace_in_the_log(
    inside: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    row = run(asked(inside, then="break"))
    assert row.state == "failed"
    assert str(row.pk) in row.message
    assert "secret" not in row.message and "Error" not in row.message
    assert "a secret of the house" in caplog.text and "Traceback" in caplog.text
    assert not Brand.objects.exists()


def test_when_the_database_fails_it_is_tried_again_but_not_forever(
    inside: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    row = asked(inside, then="database")
    states = [run(row).state for _try in range(3)]
    assert states == ["waiting", "waiting", "failed"]
    assert row.message == "The database did not answer in time."
    assert not Brand.objects.exists()


def test_without_time_it_goes_back_into_the_queue(inside: Shop) -> None:
    row = asked(inside)
    states = []
    for _try in range(3):
        run_alone(row, deadline=0.0)
        states.append(again(row).state)
    assert states == ["waiting", "waiting", "failed"]
    assert "longer than the time" in row.message
    assert not Brand.objects.exists()


def test_cancelled_while_it_waits(inside: Shop) -> None:
    row = asked(inside)
    cancel(row)
    assert again(row).state == "cancelled"
    assert run_next() is None
    assert not Brand.objects.exists()


def test_a_worker_that_died_too_often(inside: Shop) -> None:
    row = asked(inside)
    long_ago = timezone.now() - timedelta(minutes=5)
    Job.objects.update(state="running", tries=3, heard_at=long_ago)
    assert run_next() is None
    assert again(row).state == "failed"
    assert row.message == (
        "It was begun 3 times, and each time the program was stopped in the middle."
    )


def test_one_that_is_heard_of_is_left_alone(inside: Shop) -> None:
    asked(inside)
    Job.objects.update(state="running", tries=1, heard_at=timezone.now())
    assert run_next() is None


def test_begun_anew_elsewhere_the_first_try_counts_nothing(
    inside: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = asked(inside)
    function = jobs.kind_of("test.brands").function

    def overtaken(task: jobs.Task) -> dict[str, Any]:
        Job.objects.filter(pk=row.pk).update(tries=2)
        return function(task)

    kind = jobs.Kind(overtaken, Permission.DATA_IMPORT, "")
    monkeypatch.setitem(jobs._KINDS, "test.brands", kind)
    run(row)
    assert "rolled back" in caplog.text
    assert (row.state, row.tries) == ("running", 1)
    assert not Brand.objects.exists()


@pytest.mark.parametrize("what", ["member", "person", "role", "business", "confined"])
def test_who_may_no_longer_ask(inside: Shop, what: str) -> None:
    row = asked(inside)
    if what == "member":
        Membership.objects.filter(user=inside.owner).update(is_active=False)
    elif what == "person":
        inside.owner.is_active = False
        inside.owner.save()
    elif what == "business":
        inside.business.is_active = False
        inside.business.save()
    elif what == "confined":
        Membership.objects.filter(user=inside.owner).update(all_locations=False)
    else:
        inside.roles["Owner"].permissions = [Permission.DATA_EXPORT]
        inside.roles["Owner"].save()
    assert run(row).state == "failed"
    assert "may no longer do it" in row.message
    assert not Brand.objects.exists()


def test_the_oldest_first_whosever_it_is(shop: Shop, other_shop: Shop) -> None:
    for number, company in enumerate((other_shop, shop, other_shop)):
        with business(company.business):
            row = asked(company, count=number)
            Job.objects.filter(pk=row.pk).update(
                created_at=timezone.now() - timedelta(minutes=9 - number)
            )
    done = [run_next() for _job in range(4)]
    assert [row and row.business.slug for row in done] == ["rival", "acme", "rival", None]
    with business(shop.business):
        assert Brand.objects.count() == 1


def test_an_unknown_kind_is_an_error_at_once(inside: Shop) -> None:
    with pytest.raises(LookupError):
        ask("no.such", by=Membership.objects.get(user=inside.owner), options={})


def test_a_kind_that_a_newer_version_no_longer_has(
    inside: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    row = asked(inside)
    Job.objects.update(kind="gone")
    assert run(row).state == "failed"
    assert jobs.label(row) == "gone"


def test_the_command_does_one_or_all(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    with business(shop.business):
        rows = [asked(shop, count=0) for _job in range(3)]
    call_command("run_jobs", "--once")
    assert capsys.readouterr().out.count("test.brands: done") == 1
    call_command("run_jobs")
    assert capsys.readouterr().out.count("test.brands: done") == 2
    with business(shop.business):
        assert {again(row).state for row in rows} == {"done"}

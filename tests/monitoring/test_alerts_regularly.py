"""What a worker does beside its jobs: the daily tidying once a day, the alerts each minute."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from archive import chores
from monitoring import regular
from monitoring.models import LastRun


def test_both_are_registered_for_workers() -> None:
    assert chores._CHORES["alerts"] == chores.Chore(60, regular.check_alerts)
    assert chores._CHORES["tidying"] == chores.Chore(3600, regular.tidy_once_a_day)


def test_tidying_is_done_once_a_day_whoever_does_it(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []
    real = regular.tidy
    monkeypatch.setattr(regular, "tidy", lambda: done.append(real()))
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        for _hour in range(48):
            regular.tidy_once_a_day()
            traveller.shift(timedelta(hours=1, seconds=1))
    assert len(done) == 3, "at once, and after 23 hours each time"
    assert done[0] == dict.fromkeys(done[0], 0)
    assert {"sessions", "attempts", "files", "counts", "alerts", "credit"} < done[0].keys()


def test_the_alerts_are_evaluated(db: None) -> None:
    regular.check_alerts()
    assert LastRun.objects.filter(name="alerts").exists()

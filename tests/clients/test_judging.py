"""The judge of a simulation sees each thing that can be wrong; the command says no where it should."""

from __future__ import annotations

import io
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings
from tillbook_client import NoAnswer

from inventory.models import StockLevel
from pos.simulating import picture, report
from pos.simulating.control import WithoutIds
from pos.simulating.judging import Verdict, judge
from pos.simulating.running import Options, Run
from pos.simulating.shop import Market, make_market, market_in, pairing_code
from pos.simulating.terminals import Plan, Simulated
from sales.models import CashMovement, Sale, Shift
from tenants.context import business
from tests.clients.wiring import InProcess, cut, steady

PLAN = Plan(quota=None, seconds=1, pause=0, spells=())


class Scene:
    """Two terminals that have sold a little, with nothing wrong."""

    def __init__(self, folder: Path) -> None:
        self.market = make_market(2, seed=1)
        self.line = InProcess()
        self.terminals = []
        for number, register in enumerate(self.market.registers, start=1):
            one = Simulated(number, folder / str(number), self.market.codes, PLAN, "test")
            one.pair("http://localhost", pairing_code(self.market, register), self.line)
            one.till.sender.sleep = lambda _seconds: None
            one.till.sender.clock = steady()
            for _ in range(3):
                one.sell()
            self.terminals.append(one)
        first = self.terminals[0]
        sale = first.sold[next(iter(first.sold))]
        assert first.till.void(sale.id, reason="Wrong item") is not None
        first.gate.is_out = True
        first.till.sender._line_failed(NoAnswer("x"))
        first.sell()
        first.gate.is_out = False
        first.settle(10**9)
        second = self.terminals[1]
        second.exchange()
        for _ in range(4):
            second.move_cash()

    def verdict(self) -> Verdict:
        return judge(self.market, self.terminals, {})

    def level(self) -> StockLevel:
        with business(self.market.business):
            return StockLevel.objects.filter(variation__in=self.market.opening).earliest("pk")


@pytest.fixture
def scene(db: None, tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    for one in made.terminals:
        one.till.close()


def test_what_is_right_is_exact(scene: Scene) -> None:
    differences = {one.number: one.close() for one in scene.terminals}
    assert set(differences.values()) == {"0.00"}
    verdict = judge(scene.market, scene.terminals, differences)
    assert verdict.is_exact, verdict.faults()
    assert (verdict.sold, verdict.in_books, verdict.held) == (7, 7, 0)
    second = scene.terminals[1]
    assert (second.exchanged, second.cash_moved) == (1, 4)
    with business(scene.market.business):
        kinds = Counter(Sale.objects.values_list("kind", flat=True))
        assert kinds == {"sale": 7, "void": 1, "exchange": 1}
        assert CashMovement.objects.count() == 4
        drawer = Shift.objects.get(register=scene.market.registers[1])
        assert drawer.counted_cash == second.drawer() == drawer.expected_cash
    # More of them, in a business that is there.
    market: Market = market_in(scene.market.business, 2)
    assert len({one.prefix for one in market.registers}) == 2 and market.codes
    assert market.opening[scene.level().variation_id] == scene.level().quantity
    assert all(isinstance(one, Decimal) for one in market.opening.values())


def lose(scene: Scene) -> None:
    sold = scene.terminals[0].sold
    gone = replace(next(iter(sold.values())), number="")
    sold["01990000-0000-7000-8000-000000000000"] = gone
    queue = scene.terminals[0].till.queue
    queue.put(kind="sale", id="01990000-0000-7000-8000-000000000000", path="sales", body=b"{}")


def sell_beside(scene: Scene) -> None:
    one = scene.terminals[1]
    entry = one.till.queue.every()[0]
    body = json.loads(entry.body) | {"id": "01990000-0000-7000-8000-000000000001"}
    one.till.client.sell(body)


def move(scene: Scene) -> None:
    level = scene.level()
    with business(scene.market.business):
        StockLevel.objects.filter(pk=level.pk).update(quantity=level.quantity - 1)


def print_twice(scene: Scene) -> None:
    first, second = scene.terminals
    theirs = next(iter(second.sold))
    offline = next(one for one in first.sold.values() if one.is_offline)
    second.sold[theirs] = offline


def move_beside(scene: Scene) -> None:
    """Cash that the terminal knows nothing of."""
    one = scene.terminals[1]
    entry = next(entry for entry in one.till.queue.every() if entry.kind == "cash")
    body = json.loads(entry.body) | {"id": "01990000-0000-7000-8000-000000000002"}
    one.till.client.call("POST", entry.path, body)


def keep_another(scene: Scene, kind: str, column: str, value: str | bytes) -> None:
    """What the terminal remembers of its entry of a kind is another thing."""
    file = scene.terminals[1].till.folder / "queue.sqlite3"
    with closing(sqlite3.connect(file)) as db, db:
        command = f"UPDATE outbox SET {column} = ? WHERE kind = ?"
        assert db.execute(command, (value, kind)).rowcount


def move_other_amounts(scene: Scene) -> None:
    keep_another(scene, "cash", "body", b'{"kind": "in", "amount": "4000.01"}')


def print_another(scene: Scene) -> None:
    keep_another(scene, "exchange", "number", "T002-E000009")


def exchange_nothing(scene: Scene) -> None:
    """Of an exchange what was sold is forgotten."""
    entry = next(one for one in scene.terminals[1].till.queue.every() if one.kind == "exchange")
    body = json.loads(entry.body) | {"lines": []}
    keep_another(scene, "exchange", "body", json.dumps(body).encode())


def test_what_is_wrong_with_cash_and_exchanges_is_named(scene: Scene) -> None:
    named: set[str] = set()
    for tamper, name in (
        (move_beside, "unknown"),
        (move_other_amounts, "drawers"),
        (print_another, "numbers"),
        (exchange_nothing, "stock"),
    ):
        tamper(scene)
        named.add(name)
        verdict = scene.verdict()
        assert {name for name, wrong in verdict.faults().items() if wrong} == named
    # And the server, of the drawer.
    assert Decimal(scene.terminals[1].close()) != 0


def test_what_is_wrong_is_named(scene: Scene) -> None:
    named: set[str] = set()
    for tamper, names in (
        (lose, {"lost", "waiting"}),
        (print_twice, {"numbers"}),
        (sell_beside, {"unknown", "stock"}),
        (move, {"books"}),
    ):
        tamper(scene)
        named |= names
        verdict = scene.verdict()
        assert {name for name, wrong in verdict.faults().items() if wrong} == named
        assert not verdict.is_exact
    assert judge(scene.market, scene.terminals, {1: "0.00", 2: "-0.05"}).drawers
    run = Run(Options("http://localhost", terminals=2), scene.market, scene.terminals)
    run.verdict = scene.verdict()
    assert not run.is_exact
    told = "\n".join(report.lines(run))
    assert "NOT EXACT, stock" in told and "sold: 8" in told
    assert json.loads(json.dumps(report.figures(run)))["exact"] is False
    scene.terminals[0].gate.measured.statuses["GET sync", 500, "error"] += 1
    assert run.unexplained() == {"GET sync: 500 error": 1}


def test_without_ids_a_lost_answer_is_two_sales(db: None, tmp_path: Path) -> None:
    market, line = make_market(1, seed=1), InProcess()
    one = Simulated(1, tmp_path / "1", market.codes, PLAN, "test")
    code = pairing_code(market, market.registers[0])
    one.pair("http://localhost", code, line, without_ids=True)
    one.till.sender.sleep = lambda _seconds: None
    one.till.sender.clock = steady()
    line.faults = [cut]
    one.sell()
    assert isinstance(one.forgetful, WithoutIds)
    verdict = judge(market, [one], {})
    assert (verdict.sold, verdict.in_books, len(verdict.doubled)) == (1, 2, 1)
    one.till.close()


def test_a_picture_where_nobody_looks_is_lines(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "PLAIN_EVERY", 0.01)
    run = Run(Options("http://localhost", sales=7), scene.market, scene.terminals)
    stream = io.StringIO()
    with picture.watching(stream)(run):
        while stream.getvalue().count("\n") < 2:
            pass
    assert "7 sold, 0 wait" in stream.getvalue() and "\x1b" not in stream.getvalue()

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Screen()
    with picture.watching(shown)(run):
        pass
    assert "7 of 7, 1 offline" in shown.getvalue()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--url", "https://shop.example"], "installation for customers"),
        (["--url", "nonsense"], "--url"),
        (["--terminals", "0"], "--terminals"),
        (["--minutes", "0"], "--minutes"),
        (["--sales", "2"], "--sales"),
        (["--faults", "--url", "https://localhost"], "TLS"),
        (["--business", "nobody"], "There is no business"),
        (["--url", "http://127.0.0.1:1", "--terminals", "1"], "could not be sold at"),
    ],
)
def test_the_command_says_what_is_wrong(db: None, words: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says) as refused:
        call_command("simulate_terminals", *words, stderr=io.StringIO())
    assert refused.value.returncode == 2


def test_not_where_customers_are(db: None, settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="--in-production"):
        call_command("simulate_terminals")
    asked = ["--in-production", "--business", "nobody"]
    with pytest.raises(CommandError, match="There is no business"):
        call_command("simulate_terminals", *asked)

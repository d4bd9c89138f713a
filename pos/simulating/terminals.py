"""One simulated terminal: it scans, takes money, gives some back, exchanges, moves cash without a
sale, loses its line and its power."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

from tillbook_client import (
    ApiError,
    Discount,
    Entry,
    Line,
    NoAnswer,
    Pauses,
    Request,
    Response,
    Sold,
    Terminal,
    TillbookError,
    Transport,
)
from tillbook_client.exact import read

from pos.simulating.control import WithoutIds

#: Seconds that a customer at a simulated till waits for the server.
PATIENCE: Final = 6.0
TIMEOUT: Final = 12
FLOAT: Final = Decimal(100)
PLENTY: Final = 100


@dataclass(slots=True)
class Measured:
    """What went over the line of one terminal; latencies are seconds of single sales."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    unanswered: int = 0


class Gate:
    """A terminal's way to the server: it can be pulled out, and everything is measured."""

    def __init__(self, way: Transport) -> None:
        self.way = way
        self.is_out = False
        self.measured = Measured()

    def send(self, request: Request, *, timeout: float) -> Response:
        if self.is_out:
            raise NoAnswer("no line")
        began = time.perf_counter()
        try:
            answer = self.way.send(request, timeout=timeout)
        except NoAnswer:
            self.measured.unanswered += 1
            raise
        path = request.path.partition("?")[0].removeprefix("/api/v1/")
        if request.method == "POST" and path == "sales" and answer.status < 300:
            self.measured.latencies.append(time.perf_counter() - began)
        code = ""
        if answer.status >= 400:
            with contextlib.suppress(ValueError, AttributeError):
                code = str(read(answer.body).get("code", ""))
        kind = path.partition("/")[0] if path != "sales/batch" else path
        self.measured.statuses[f"{request.method} {kind}", answer.status, code] += 1
        return answer


@dataclass(frozen=True, slots=True)
class Plan:
    """How one terminal spends the run. `quota` None: until the time is over; seconds from its begin.

    `spells` are times without a line. Without `takes_back` it sells and does nothing else.
    """

    quota: int | None
    seconds: float
    pause: float
    spells: tuple[tuple[float, float], ...]
    takes_back: bool = True


class Simulated:
    """A terminal with its clerk. `run` is the work of a thread; the rest is asked from outside."""

    def __init__(self, number: int, folder: Path, codes: list[str], plan: Plan, seed: str) -> None:
        self.number, self.folder, self.codes, self.plan = number, folder, codes, plan
        self.rng = Random(f"{seed} {number}")  # noqa: S311 - chance for show, not for secrets
        self.pauses = Pauses(first=0.25, longest=8, chance=Random(self.rng.random()))  # noqa: S311
        self.sold: dict[str, Sold] = {}
        self.refused: Counter[str] = Counter()
        self.restarts = self.made_offline = self.taken_back = 0
        self.exchanged = self.cash_moved = 0
        self.state = "waits"
        self.forgetful: WithoutIds | None = None
        self._may_come_back: list[tuple[str, list[Line]]] = []

    def pair(self, address: str, code: str, way: Transport, *, without_ids: bool = False) -> None:
        """Become a terminal, get ready and open the drawer, over a line that is good."""
        self.gate = Gate(way)
        self.way: Transport = self.gate
        if without_ids:
            self.way = self.forgetful = WithoutIds(self.gate)
        self.till = Terminal.pair(
            address, code, self.folder, name=f"Simulated {self.number}", transport=self.way,
            pauses=self.pauses, timeout=TIMEOUT,
        )  # fmt: skip
        self.till.prepare()
        self.till.open_shift(FLOAT)

    # -- the day ----------------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Sell until the quota is reached or the time is over."""
        began = time.monotonic()
        self.till.start(sync_every=20)
        time.sleep(self.rng.uniform(0, self.plan.pause))
        while not stop.is_set():
            now = time.monotonic() - began
            if self.plan.quota is None and now > self.plan.seconds:
                break
            if self.plan.quota is not None and len(self.sold) >= self.plan.quota:
                break
            self.gate.is_out = any(a <= now < b for a, b in self.plan.spells)
            self.state = "no line" if self.gate.is_out else "sells"
            self.something()
            spent = time.monotonic() - began - now
            stop.wait(max(0.0, self.rng.uniform(0.4, 1.6) * self.plan.pause - spent))
        self.gate.is_out = False
        self.state = "hands in"
        while self.till.queue.count("waiting") and not stop.wait(0.3):
            pass
        self.state = "done"

    def something(self) -> None:
        """A sale, mostly; its refusals are counted by their codes."""
        roll = self.rng.random()
        try:
            if self.plan.takes_back and roll < 0.06 and self._may_come_back:
                self.take_back(is_void=roll < 0.015)
            elif roll < 0.08:
                self.restart()
            elif self.plan.takes_back and roll < 0.11 and self._may_come_back:
                self.exchange()
            elif self.plan.takes_back and roll < 0.15:
                self.move_cash()
            else:
                self.sell()
        except ApiError as error:
            self.refused[error.code or str(error.status)] += 1
        except TillbookError:
            self.refused["no answer"] += 1

    def sell(self) -> None:
        codes = self.rng.sample(self.codes, min(len(self.codes), self.rng.choice((1, 1, 2, 3, 5))))
        lines = [self.line(code) for code in codes]
        total = self.till.total(lines)
        sold = self.till.sell(lines, payments=[self.payment(total)], patience=PATIENCE)
        self.sold[sold.id] = sold
        self.made_offline += sold.is_offline
        # What was refused for want of stock must stay refused, so none of it goes back to the shelf.
        if all(_is_plenty(line) for line in lines):
            self._may_come_back.append((sold.id, lines))

    def line(self, code: str) -> Line:
        item = self.till.scan(code)
        quantity = Decimal(self.rng.choice((1, 1, 1, 2, 3)))
        if item.allow_decimal:
            quantity = Decimal(self.rng.randrange(50, 2000)) / 1000
        off = Discount("percent", 10) if self.rng.random() < 0.1 else None
        return Line(item, quantity, discount=off)

    def payment(self, total: Decimal) -> Mapping[str, Any]:
        if self.rng.random() < 0.3:
            return {"method": "card", "amount": str(total), "card_brand": "visa"}
        paid = self.till.to_pay_cash(total)
        notes = [Decimal(one) for one in (5, 10, 20, 50, 100) if one >= paid]
        handed = self.rng.choice(notes) if notes and self.rng.random() < 0.5 else paid
        return {"method": "cash", "amount": str(handed)}

    def take_back(self, *, is_void: bool) -> None:
        place = self.rng.randrange(len(self._may_come_back))
        sale, lines = self._may_come_back.pop(place)
        if is_void:
            self.till.void(sale, reason="Wrong item scanned", patience=PATIENCE)
        else:
            quantity = min(Decimal(1), Decimal(lines[0].quantity))
            back = {"line": 1, "quantity": str(quantity), "restock": self.rng.random() < 0.5}
            self.till.refund(sale, [back], reason="Changed their mind", patience=PATIENCE)
        self.taken_back += 1

    def exchange(self) -> None:
        """Some of a sale's first line for other things: the server says what that comes to."""
        lines = [self.line(code) for code in self.rng.sample(self.codes, min(len(self.codes), 4))]
        lines = [line for line in lines if _is_plenty(line)][:2]
        place = self.rng.randrange(len(self._may_come_back))
        entry = self.till.queue.get(self._may_come_back[place][0])
        if not lines or entry is None or entry.state != "done":
            return
        sale, sold = self._may_come_back.pop(place)
        quantity = min(Decimal(1), Decimal(sold[0].quantity))
        back = {"line": 1, "quantity": str(quantity), "restock": self.rng.random() < 0.5}
        asked = {
            "register": self.till.register,
            "returns": [back],
            "lines": [line.online() for line in lines],
        }
        total = Decimal(self.till.client.quote_exchange(sale, asked)["total"])
        way = self.rng.choice(("cash", "card")) if total > 0 else ""
        self.till.exchange(
            sale, returns=[back], lines=lines, total=total, method=way,
            reason="Another colour", patience=PATIENCE,
        )  # fmt: skip
        self.exchanged += 1

    def move_cash(self) -> None:
        """Change comes in, something is paid, or some of the drawer goes to the safe."""
        kind, reason = self.rng.choice((("in", "change"), ("out", "expense"), ("drop", "safe")))
        amount = Decimal(self.rng.randrange(1, 4000)) / 100
        self.till.move_cash(kind, amount, reason=reason, patience=PATIENCE)
        self.cash_moved += 1

    def restart(self) -> None:
        """The power goes: whatever the old process was doing, a new one opens the folder."""
        self.till._stop.set()
        self.till = Terminal(self.folder, transport=self.way, pauses=self.pauses, timeout=TIMEOUT)
        self.till.start(sync_every=20)
        self.restarts += 1

    # -- the evening ------------------------------------------------------------------------------

    def settle(self, until: float) -> None:
        """Over a good line: hand in the rest, and find what came late. Ends when nothing waits."""
        while self.till.queue.count("waiting") and time.monotonic() < until:
            self.till.queue.keep("paused_until", "0")
            self.till.flush()
            time.sleep(0.2)
        self.till.sender.look_for_late(every=True)

    def drawer(self) -> Decimal:
        """What should be in it, by what this terminal took and gave: its own account."""
        total = FLOAT
        for entry in self.till.queue.every():
            if entry.state != "done":
                continue
            if entry.kind == "sale":
                total += self._cash_of(read(entry.body))
            elif entry.kind == "cash":
                total += moved(entry)
            else:
                paid = read(entry.answer or b"{}").get("payments", [])
                total += sum(
                    (Decimal(one["amount"]) for one in paid if one["method"] == "cash"), Decimal(0)
                )
        return total

    def _cash_of(self, sale: Mapping[str, Any]) -> Decimal:
        is_cash = sale["payments"][0]["method"] == "cash"
        return self.till.to_pay_cash(Decimal(sale["total"])) if is_cash else Decimal(0)

    def close(self) -> str:
        """Close the drawer with what should be in it; the difference that the server finds."""
        return self.till.close_shift(self.drawer())["difference"] or "0"


def moved(entry: Entry) -> Decimal:
    """What the drawer gained by a cash movement, as the terminal asked for it."""
    body = read(entry.body)
    amount = Decimal(body["amount"])
    return amount if body["kind"] == "in" else -amount


def _is_plenty(line: Line) -> bool:
    return line.item.stock is None or line.item.stock > PLENTY

"""Retries: what is sent again, when, and what is not; against a server that is made up here."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tillbook_client import (
    BadAnswer,
    Client,
    NoAnswer,
    OtherTotal,
    Outbox,
    Pauses,
    Request,
    Response,
    Revoked,
    Sender,
    TooManyRequests,
)
from tillbook_client.client import retry_after
from tillbook_client.sending import refusal

HTML = b"<html>Welcome to the hotel</html>"


class Server:
    """Records sales by id, as the real one does; `answers` are taken first, one a request."""

    def __init__(self) -> None:
        self.books: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.answers: list[Any] = []
        self.judge: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _sale: None

    def send(self, request: Request, *, timeout: float) -> Response:
        self.requests.append(request)
        said = self.answers.pop(0) if self.answers else None
        if isinstance(said, Exception):
            raise said
        if isinstance(said, Response):
            return said
        answer = self.answer(request)
        if said == "cut":
            raise NoAnswer("cut")
        return answer

    def answer(self, request: Request) -> Response:
        if request.method == "GET":
            found = request.path.rpartition("/")[2] in self.books
            return ok({"id": request.path.rpartition("/")[2]}) if found else no(404, "not_found")
        body = json.loads(request.body or b"")
        if "sales" in body:
            return ok({"results": [self.take(one) for one in body["sales"]]})
        self.books[body["id"]] = request.body or b""
        return ok({"id": body["id"], "number": "N"})

    def take(self, sale: dict[str, Any]) -> dict[str, Any]:
        said = self.judge(sale)
        status = "already" if sale["id"] in self.books else "recorded"
        if said is None:
            self.books[sale["id"]] = b""
        return {
            "id": sale["id"], "status": status, "number": "N", "review": [], "error": None,
            "receipt_url": None, **(said or {}),
        }  # fmt: skip


def ok(body: Any) -> Response:
    return Response(201, {}, json.dumps(body).encode())


def no(status: int, code: str, wait: str = "", **fields: Any) -> Response:
    told = {"code": code, "message": "No.", "fields": fields}
    return Response(status, {"retry-after": wait} if wait else {}, json.dumps(told).encode())


def _always(body: bytes, _number: str) -> bytes:
    return body


class Bench:
    """A sender whose clock stands unless it sleeps."""

    def __init__(self, folder: Path) -> None:
        self.server, self.slept = Server(), list[float]()
        self.now = time.time()
        self.queue = Outbox(folder / "queue.sqlite3")
        self.client = Client(self.server, "tb_x")
        self.sender = self.another(self.queue)

    def another(self, queue: Outbox) -> Sender:
        return Sender(
            self.client, queue, pauses=Pauses(first=1, longest=60, chance=random.Random(1)),
            sleep=self.sleep, clock=lambda: self.now,
        )  # fmt: skip

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def sale(self, name: str) -> Any:
        body = json.dumps({"id": name}).encode()
        return self.queue.put(kind="sale", id=name, path="sales", body=body, claim=True)

    def offline(self, *names: str) -> None:
        for name in names:
            self.sale(name)
            body = json.dumps({"id": name, "offline": True}).encode()
            self.queue.go_offline(name, "r", partial(_always, body))

    def states(self) -> dict[str, str]:
        return {one.id: one.state for one in self.queue.every()}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(tmp_path)
    monkeypatch.setattr(time, "time", lambda: made.now)
    yield made
    made.queue.close()


AMBIGUOUS = [
    NoAnswer("timed out"),
    "cut",
    Response(502, {}, HTML),
    Response(503, {"retry-after": "1"}, b""),
    Response(200, {}, HTML),
    Response(302, {"location": "https://hotel.example"}, b""),
    Response(404, {}, HTML),
    Response(200, {}, b'{"id": "another"}'),
    Response(201, {}, b'{"id": "sa'),
    no(503, "busy", "1"),
    no(500, "error"),
]


@pytest.mark.parametrize("said", AMBIGUOUS, ids=repr)
def test_what_may_have_arrived_is_sent_again_as_it_was(bench: Bench, said: Any) -> None:
    bench.server.answers = [said, said]
    after = bench.sender.send_now(bench.sale("a"), patience=60)
    assert after.state == "done" and after.tries == 3
    assert len({one.body for one in bench.server.requests}) == 1
    assert len(bench.slept) == 2 and list(bench.server.books) == ["a"]


def test_pauses_grow_and_differ_and_a_server_is_heard(bench: Bench) -> None:
    pauses = Pauses(first=1, longest=60)
    for failures, most in ((1, 1), (2, 2), (5, 16), (7, 60), (400, 60)):
        found = [pauses.after(failures) for _ in range(200)]
        assert most / 4 <= min(found) < max(found) <= most
        assert len(set(found)) > 100
    assert min(pauses.after(1, asked=30) for _ in range(50)) >= 30
    assert pauses.after(1, asked=10**9) == 3600
    bench.server.answers = [no(429, "too_many", "7"), no(503, "busy", "9")]
    assert bench.sender.send_now(bench.sale("a"), patience=60).state == "done"
    assert bench.slept[0] >= 7 and bench.slept[1] >= 9


def test_a_pause_may_be_a_date(bench: Bench) -> None:
    assert retry_after("7") == 7
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("soon") is None and retry_after("") is None


def test_patience_ends(bench: Bench) -> None:
    bench.server.answers = [NoAnswer("x")] * 99
    after = bench.sender.send_now(bench.sale("a"), patience=5)
    assert after.state == "waiting" and sum(bench.slept) < 5
    assert bench.sender.is_paused()
    assert bench.sender.flush().done == 0
    # Another process knows that the line is bad as well.
    other = bench.another(Outbox(bench.queue.path))
    assert other.is_paused()
    bench.server.answers = []
    bench.now += 3600
    assert other.flush().done == 1
    other.outbox.close()


def test_a_refusal_is_final_and_told(bench: Bench) -> None:
    bench.server.answers = [no(422, "other_total", total=["5.50"], difference=["0.50"])]
    after = bench.sender.send_now(bench.sale("a"), patience=60)
    assert after.state == "refused" and bench.slept == []
    error = refusal(bench.queue.refused()[0])
    assert isinstance(error, OtherTotal) and str(error.difference) == "0.50"
    assert bench.sender.flush().done == 0 and len(bench.server.requests) == 1
    bench.queue.again("a")
    assert bench.sender.flush().done == 1


def test_a_try_that_was_long_on_its_way_is_found(bench: Bench) -> None:
    """Not answered, then refused, and recorded after all by the first try."""
    bench.server.answers = [NoAnswer("x"), no(409, "out_of_stock")]
    assert bench.sender.send_now(bench.sale("a"), patience=60).state == "refused"
    bench.sender.flush()
    assert bench.states() == {"a": "refused"}
    bench.server.books["a"] = b""
    bench.now += 20
    bench.sender.flush()
    assert bench.states() == {"a": "done"}
    # Of one that was refused at once nobody asks.
    bench.server.answers = [no(409, "out_of_stock")]
    bench.sender.send_now(bench.sale("b"), patience=60)
    count = len(bench.server.requests)
    bench.sender.flush()
    assert len(bench.server.requests) == count


def test_each_of_a_batch_is_judged_by_itself(bench: Bench) -> None:
    said: dict[str, dict[str, Any]] = {
        "held": {"status": "held", "number": ""},
        "taken": {"status": "id_taken", "error": {"code": "id_taken", "message": "", "fields": {}}},
        "later": {"status": "later"},
        "new": {"status": "a word of the future"},
    }
    bench.server.judge = lambda sale: said.get(sale["id"])
    bench.offline("a", "held", "taken", "later", "new", "b")
    flushed = bench.sender.flush()
    assert (flushed.done, flushed.refused, flushed.waiting) == (3, 1, 2)
    bench.server.judge = lambda _sale: None
    bench.now += 60
    assert bench.sender.flush().done == 2
    assert bench.states() == {
        "a": "done", "held": "done", "taken": "refused", "later": "done", "new": "done",
        "b": "done",
    }  # fmt: skip
    assert [one.id for one in bench.queue.refused()] == ["taken"]


def test_a_batch_that_is_too_much_is_sent_in_pieces(bench: Bench) -> None:
    bench.offline(*(f"{n:03d}" for n in range(40)))
    bench.server.answers = [Response(413, {}, HTML), Response(413, {}, HTML)]
    assert bench.sender.flush().done == 40
    sizes = [len(json.loads(one.body or b"")["sales"]) for one in bench.server.requests]
    assert sizes == [40, 20, 10, 20, 10]


def test_one_that_breaks_the_server_is_not_in_the_way(bench: Bench) -> None:
    """The whole batch answers 500 for as long as it is in it."""
    bench.offline("a", "b", "poison", "c")
    broken = bench.server.answer

    def answer(request: Request) -> Response:
        return no(500, "error") if b"poison" in (request.body or b"") else broken(request)

    bench.server.answer = answer  # type: ignore[method-assign]
    for _round in range(3):
        bench.sender.flush()
        bench.now += 1
    assert set(bench.server.books) == {"a", "b", "c"}
    assert bench.states()["poison"] == "waiting"


def test_a_cut_batch_is_sent_again_as_it_was(bench: Bench) -> None:
    bench.offline("a", "b")
    bench.server.answers = ["cut"]
    flushed = bench.sender.flush()
    assert isinstance(flushed.error, NoAnswer) and flushed.waiting == 2
    bench.now += 60
    assert bench.sender.flush().done == 2
    assert {one.status for one in bench.queue.every()} == {"already"}


def test_a_refused_token_stops_the_queue_and_loses_nothing(bench: Bench) -> None:
    bench.offline("a")
    bench.sale("b")
    bench.queue.let_go(bench.queue.waiting(), tried=False)
    bench.server.answers = [no(401, "not_authenticated")] * 2
    assert isinstance(bench.sender.flush().error, Revoked)
    assert isinstance(bench.sender.flush().error, Revoked)
    assert bench.states() == {"a": "waiting", "b": "waiting"}
    assert bench.sender.flush().done == 2


def test_no_operator_holds_up_refunds_and_not_sales(bench: Bench) -> None:
    bench.offline("a")
    bench.queue.put(kind="refund", id="back", path="sales/x/refunds", body=b'{"id": "back"}')
    bench.server.answers = [no(401, "operator_signed_out")]
    bench.sender.flush()
    assert bench.states() == {"a": "done", "back": "waiting"}
    bench.now += 10
    assert bench.sender.flush().done == 1


def test_a_batch_that_is_limited_waits(bench: Bench) -> None:
    bench.offline("a")
    bench.server.answers = [no(429, "too_many", "30")]
    assert isinstance(bench.sender.flush().error, TooManyRequests)
    bench.now += 29
    assert bench.sender.flush().waiting == 1
    bench.now += 60
    assert bench.sender.flush().done == 1


def test_only_the_api_can_refuse() -> None:
    client = Client(Server(), "tb_x")
    for status in (200, 302, 401, 403, 404, 409):
        with pytest.raises(BadAnswer):
            client.told(Response(status, {}, HTML))

"""A terminal from its code to the end of the day, through the client; each error in its class."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tillbook_client import (
    Discount,
    Forbidden,
    IdTaken,
    Line,
    NoOpenShift,
    OtherTotal,
    OutOfStock,
    PinLocked,
    Revoked,
    Terminal,
    UnknownCode,
    WrongPin,
)

from accounts.devices import revoke_device
from accounts.models import Device, Membership
from inventory.models import StockLevel
from sales.models import ReviewItem, Sale
from tenants.context import business
from tests.api.operating import PIN, give_pin
from tests.clients.wiring import InProcess, away, cut, paired
from tests.factories import Shop

MUG = "5901234123457"


def sales(shop: Shop, **having: Any) -> list[Sale]:
    with business(shop.business):
        return list(Sale.objects.filter(**having).order_by("sold_at", "pk"))


def in_stock(shop: Shop) -> Decimal:
    with business(shop.business):
        return StockLevel.objects.get(variation=shop.mug, location=shop.high_street).quantity


def test_a_day(shop: Shop, till: Terminal) -> None:
    mug, tea = till.scan(MUG), till.scan("TEA")
    assert (mug.name, mug.price, mug.stock) == ("Blue mug", Decimal(5), Decimal(10))
    sold = till.sell([Line(mug, 2), Line(tea, "0.5", discount=Discount("percent", 10))])
    assert sold.document is not None and not sold.is_offline
    assert sold.total == Decimal("15.85") == Decimal(sold.document["total"])
    assert till.client.receipt(sold.id)["number"] == sold.number == "ACM1-000001"

    lines = [{"line": 1, "quantity": "1", "restock": True}]
    assert till.client.quote_refund(sold.id, lines)["total"] == "5.00"
    back = till.refund(sold.id, lines, reason="Too small")
    assert back is not None and (back["kind"], back["total"]) == ("refund", "-5.00")
    swap = till.exchange(
        sold.id, returns=[{"line": 1, "quantity": "1"}], lines=[Line(mug)], total="0.00",
        reason="Another colour",
    )  # fmt: skip
    assert swap is not None and swap["kind"] == "exchange"

    other = till.sell([Line(mug)], payments=[{"method": "cash", "amount": "20.00"}])
    assert other.document is not None and other.document["change"] == "15.00"
    void = till.void(other.id, reason="Wrong item")
    assert void is not None and void["reverses"] == other.id
    dora = till.client.add_customer("Dora New", phone="+31 6 5555 0001")
    assert [one["id"] for one in till.client.customers("dora n")] == [dora["id"]]
    assert {one["kind"] for one in till.client.sales(register=till.register)} == {
        "sale", "refund", "exchange", "void",
    }  # fmt: skip
    (told,) = till.client.sales(sold.number, kind="sale", method="cash", register=till.register)
    assert (told["id"], told["cost"], told["profit"]) == (sold.id, "5.00", "8.20")
    assert list(till.client.sales(date_from="2900-01-01", date_to="2900-12-31")) == []

    assert in_stock(shop) == 9
    closed = till.close_shift("60.85")
    assert (closed["expected_cash"], closed["difference"]) == ("60.85", "0.00")
    with pytest.raises(NoOpenShift):
        till.sell([Line(mug)])
    assert till.queue.waiting() == till.queue.refused() == []


def test_without_a_line_and_back(shop: Shop, till: Terminal, line: InProcess) -> None:
    line.faults = [away] * 50
    mug = till.scan(MUG)
    sold = [till.sell([Line(mug)], patience=0.01 if n == 0 else 0) for n in range(3)]
    assert [one.number[-6:] for one in sold] == ["000001", "000002", "000003"]
    assert all(one.is_offline for one in sold) and sales(shop) == []

    line.faults = [cut]
    flushed = till.flush()
    assert flushed.done == 0 and flushed.waiting == 3
    again = Terminal(till.folder, transport=line)  # As after a power cut.
    again.queue.keep("paused_until", "0")
    assert again.flush().done == 3
    assert [(str(one.pk), one.number) for one in sales(shop)] == [
        (one.id, one.number) for one in sold
    ]
    assert {one.status for one in again.queue.every()} == {"already"}
    first, second = line.bodies("sales/batch")
    assert first == second
    again.close()
    assert in_stock(shop) == 7


def test_a_lost_answer_is_one_sale_however_it_goes_on(
    shop: Shop, till: Terminal, line: InProcess
) -> None:
    line.faults = [cut]
    repeated = till.sell([Line(till.scan(MUG))])
    assert repeated.document is not None
    first, second = line.bodies("sales")
    assert first == second

    # This one is made offline, though its first try was recorded: the paper has another number.
    line.faults = [cut]
    given_up = till.sell([Line(till.scan(MUG))], patience=0.0001)
    assert given_up.is_offline
    till.queue.keep("paused_until", "0")
    assert till.flush().done == 1
    assert [str(one.pk) for one in sales(shop)] == [repeated.id, given_up.id]
    with business(shop.business):
        assert ReviewItem.objects.get().codes == ["other_number"]


def test_what_waits_for_its_sale(shop: Shop, till: Terminal, line: InProcess) -> None:
    sold = till.sell([Line(till.scan(MUG), 2)], patience=0)
    wanted = [{"line": 1, "quantity": "1", "restock": True}]
    assert till.refund(sold.id, wanted, reason="Too small") is None
    flushed = till.flush()
    assert (flushed.done, flushed.waiting, flushed.error) == (2, 0, None)
    assert [one.kind for one in sales(shop)] == ["sale", "refund"]


def test_another_total_is_told_with_the_difference(shop: Shop, till: Terminal) -> None:
    mug = till.scan(MUG)
    with business(shop.business):
        shop.mug.price = Decimal("5.50")
        shop.mug.save()
    with pytest.raises(OtherTotal) as refused:
        till.sell([Line(mug)])
    assert (refused.value.total, refused.value.difference) == (Decimal("5.50"), Decimal("0.50"))
    assert till.queue.refused() == [] and till.queue.waiting() == []
    # A new copy: what changed is of this test's own transaction, which no copy has to wait for.
    till.catalogue._keep(cursor="", tag="")
    till.catalogue.sync()
    assert till.sell([Line(till.scan(MUG))]).document is not None


def test_errors_have_their_classes(
    shop: Shop, till: Terminal, line: InProcess, tmp_path: Path
) -> None:
    mug = till.scan(MUG)
    with pytest.raises(OutOfStock) as few:
        till.sell([Line(mug, 11)])
    assert few.value.fields
    sold = till.sell([Line(mug)])
    entry = till.queue.get(sold.id)
    assert entry is not None
    with pytest.raises(IdTaken):
        till.client.sell({**json.loads(entry.body), "note": "another"})
    with pytest.raises(ValueError, match="another request"):
        till.queue.put(kind="sale", id=entry.id, path="sales", body=b"{}")
    with pytest.raises(TypeError):
        till.sell([Line(mug, 0.5)])  # type: ignore[arg-type]
    with pytest.raises(UnknownCode):
        Terminal.pair("http://localhost", "AAAA-AAAA", tmp_path / "no", transport=line)
    with pytest.raises(LookupError):
        Terminal(tmp_path / "nobody")


def test_a_revoked_terminal_keeps_its_sales(shop: Shop, till: Terminal, line: InProcess) -> None:
    mug = till.scan(MUG)
    sold = till.sell([Line(mug)], patience=0)
    with business(shop.business):
        revoke_device(actor=Membership.objects.get(user=shop.owner), device=Device.objects.get())
    with pytest.raises(Revoked):
        till.sell([Line(mug)])
    flushed = till.flush()
    assert isinstance(flushed.error, Revoked) and flushed.waiting == 1
    anew = paired(shop, till.folder, line)
    assert anew.flush().done == 1
    assert [one.number for one in sales(shop)] == [sold.number]
    # Its numbers go on where they were: the file knows how far it had come.
    anew.prepare()
    assert anew.sell([Line(mug)], patience=0).number == sold.number[:-1] + "2"
    anew.close()


def test_somebody_signs_in(shop: Shop, line: InProcess, tmp_path: Path) -> None:
    cashier = give_pin(shop, "Cashier")
    terminal = paired(shop, tmp_path / "till", line, needs_operator=True)
    with pytest.raises(Forbidden):
        terminal.catalogue.sync()
    with pytest.raises(WrongPin) as wrong:
        terminal.sign_in(str(cashier.user), "111112")
    assert wrong.value.left == 4
    assert terminal.sign_in(str(cashier.user), PIN)["person"]["id"] == str(cashier.pk)
    terminal.prepare()
    terminal.open_shift(0)
    assert terminal.open_shift(0)["number"] == 1
    assert terminal.sell([Line(terminal.scan(MUG))]).document is not None
    offline = terminal.sell([Line(terminal.scan(MUG))], patience=0)
    terminal.client.sign_out()
    # Nobody stands there any more; what was sold is handed in in the cashier's name.
    assert terminal.flush().done == 1
    with business(shop.business):
        assert Sale.objects.get(pk=offline.id).operator == cashier.user
    for _try in range(5):
        with pytest.raises((WrongPin, PinLocked)) as locked:
            terminal.sign_in(str(cashier.user), "111112")
    assert isinstance(locked.value, PinLocked) and locked.value.retry_after
    old = terminal.client.token
    terminal.renew_token()
    assert terminal.client.token != old and terminal.client.me()
    terminal.close()

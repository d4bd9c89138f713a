"""A whole till in one folder: it sells with a line and without, and loses nothing between the two.

    queue.sqlite3      the device's token, its numbers, and every sale until the server has it
    catalogue.sqlite3  the copy of the shop, which may be deleted

Several processes may open the same folder, such as one that sells and one that sends.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

from . import answers, exact
from .catalogue import Catalogue, Item
from .client import Client
from .errors import ApiError, Conflict, Revoked, TillbookError, error_of
from .exact import Amount, plain
from .ids import uuid7
from .outbox import Entry, Outbox
from .pricing import Discount, in_coins, total_of
from .sending import Flushed, Pauses, Sender, refusal
from .ticket import Forms, Line
from .wire import Transport

#: Seconds for which a customer waits before the sale is made without a line.
PATIENCE: Final = 8.0


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale that is safe. `document` is the server's; without it the sale was made offline, and
    `number` is one of the device's own (empty where it has no series yet)."""

    id: str
    number: str
    total: Decimal
    document: answers.Sale | None

    @property
    def is_offline(self) -> bool:
        return self.document is None


class Terminal:
    """One paired device. `queue`, `sender`, `catalogue` and `client` may be used beside it."""

    def __init__(
        self,
        folder: Path | str,
        *,
        transport: Transport | None = None,
        allow_http: bool = False,
        pauses: Pauses | None = None,
        timeout: int = 15,
    ) -> None:
        """Open what `pair` made. Raises LookupError where nothing is paired in this folder."""
        self.folder = Path(folder)
        nobody = LookupError(f"No terminal is paired in {folder}: Terminal.pair makes one.")
        if not (self.folder / "queue.sqlite3").exists():
            raise nobody
        self.queue = Outbox(self.folder / "queue.sqlite3")
        if not self.queue.kept("token"):
            raise nobody
        self.client = Client(
            transport or self.queue.kept("address"), self.queue.kept("token"),
            allow_http=allow_http, timeout=timeout,
        )  # fmt: skip
        self.register = self.queue.kept("register")
        self.sender = Sender(self.client, self.queue, pauses=pauses)
        self.catalogue = Catalogue(self.client, self.folder / "catalogue.sqlite3")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def pair(
        cls,
        address: str,
        code: str,
        folder: Path | str,
        *,
        name: str = "",
        transport: Transport | None = None,
        allow_http: bool = False,
        pauses: Pauses | None = None,
        timeout: int = 15,
    ) -> Terminal:
        """Become the register's terminal, with the code of the Devices page.

        In a folder that was paired before, the queue stays: what was sold by then is handed in
        under the new token. After NoAnswer ask for another code. Raises UnknownCode.
        """
        client = Client(transport or address, allow_http=allow_http, timeout=timeout)
        paired = client.pair(code, name=name)
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        queue = Outbox(place / "queue.sqlite3")
        queue.keep("address", address)
        queue.keep("register", paired["register"]["id"])
        queue.keep("token", paired["token"])
        queue.close()
        return cls(
            folder, transport=transport, allow_http=allow_http, pauses=pauses, timeout=timeout
        )

    def close(self) -> None:
        """Stop the thread, where there is one, and close the files."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(60)
        self.catalogue.close()
        self.queue.close()

    # -- beginning --------------------------------------------------------------------------------

    def sign_in(self, person: str, pin: str) -> answers.SignedIn:
        """By the name or id of somebody with a PIN. Raises LookupError, WrongPin, PinLocked."""
        for one in self.client.operators():
            if person in (one["id"], one["name"]):
                return self.client.sign_in(one["id"], pin)
        raise LookupError(f"Nobody here is called {person}, or they have no PIN.")

    def prepare(self) -> answers.Me:
        """Fetch what selling needs: who and where this is, a series of numbers, the catalogue.

        After that sales go on without a line. A device that has lost its folder never goes on with
        numbers that it may have given out: each folder asks for a series of its own, once.
        """
        me = self.client.me()
        self.queue.keep("person", me["person"]["id"])
        self.queue.keep("digits", str(me["business"]["digits"]))
        self.queue.keep("cash_step", me["business"]["cash_step"])
        wanted = self.queue.wanted_series(self.register)
        if wanted is not None:
            series = self.client.new_series(wanted, self.register)
            self.queue.set_series(self.register, wanted, series["prefix"], series["last"])
        self.catalogue.sync()
        return me

    def renew_token(self) -> None:
        """Another token in the place of this one; the old one ends when the new one is used."""
        token = self.client.roll_token()
        self.queue.keep("token", token)
        self.client.token = token

    def open_shift(self, opening_float: Amount) -> answers.Shift:
        """The register's open shift: opened now, or found open (an answer was lost)."""
        try:
            return self.client.open_shift(self.register, opening_float)
        except Conflict as error:
            if error.code != "shift_open":
                raise
        return self.client.shift(self._open_shift())

    def close_shift(self, counted_cash: Amount, *, note: str = "") -> answers.Shift:
        """Close the open shift. Sales that still wait go into the next one."""
        return self.client.close_shift(self._open_shift(), counted_cash, note=note)

    def _open_shift(self) -> str:
        for register in self.client.me()["registers"]:
            if register["id"] == self.register and register["shift"] is not None:
                return register["shift"]["id"]
        raise error_of(409, "no_open_shift", "No shift is open on this register.")

    # -- selling ----------------------------------------------------------------------------------

    def scan(self, code: str) -> Item:
        """From the copy, so at once and without a line. Raises LookupError."""
        found = self.catalogue.find(code)
        if found is None:
            raise LookupError(f"Nothing that is for sale has the code {code}.")
        return found

    def total(self, lines: Sequence[Line], *, discount: Discount | None = None) -> Decimal:
        """What the customer is shown."""
        priced = [line.priced() for line in lines]
        return total_of(priced, discount=discount, digits=self._digits).total

    def to_pay_cash(self, total: Decimal) -> Decimal:
        """The total in coins that exist."""
        step = Decimal(self.queue.kept("cash_step") or 0)
        return in_coins(total, step, digits=self._digits)

    def sell(
        self,
        lines: Sequence[Line],
        *,
        payments: Sequence[Mapping[str, Any]] | None = None,
        discount: Discount | None = None,
        customer: str | None = None,
        note: str = "",
        approval: str = "",
        patience: float = PATIENCE,
    ) -> Sold:
        """Sell, with or without a line; exact cash where no `payments` are given.

        When this returns the sale is on the disk, and will be in the books once. The server is asked
        for `patience` seconds (0: not at all); then the sale is made offline, and `flush` or the
        thread of `start` hands it in. Raises ApiError where the server refuses: nothing is sold.
        """
        total = self.total(lines, discount=discount)
        paid = payments or [{"method": "cash", "amount": plain(self.to_pay_cash(total))}]
        common: dict[str, Any] = {
            "id": str(uuid7()),
            "register": self.register,
            "payments": [dict(one) for one in paid],
            "total": plain(total),
        }
        if discount is not None:
            common["discount"] = discount.told()
        if customer is not None:
            common["customer"] = customer
        if note:
            common["note"] = note
        forms = Forms(common, tuple(lines))
        about: dict[str, Any] = {
            "sold_at": datetime.now(UTC),
            "cash_step": self.queue.kept("cash_step") or "0",
        }
        if self.queue.kept("person"):
            about["operator"] = self.queue.kept("person")
        entry = self.queue.put(
            kind="sale", id=common["id"], path="sales", body=forms.online(),
            approval=approval, claim=True,
        )  # fmt: skip
        if patience > 0 and not self.sender.is_paused():
            try:
                entry = self.sender.send_now(entry, patience=patience)
            except Revoked:
                # Not sold: whoever stands there must sign in, or pair, before they take money.
                self._withdraw(entry)
                raise
        if entry.state == "waiting":
            entry = self.queue.go_offline(
                entry.id, self.register, lambda number: forms.offline(number, about)
            )
        return self._sold(entry, total)

    def _withdraw(self, entry: Entry) -> None:
        said = {"status": 401, "code": "revoked", "message": "", "fields": {}}
        entry = self.queue.get(entry.id) or entry
        self.queue.settle(entry, state="refused", status="revoked", answer=exact.written(said))
        self.queue.dismiss(entry.id)

    def _sold(self, entry: Entry, total: Decimal) -> Sold:
        if entry.state == "refused":
            # Whoever sells is told now.
            self.queue.dismiss(entry.id)
            raise refusal(entry)
        document = None
        if entry.state == "done" and entry.offline is None:
            document = cast(answers.Sale, exact.read(entry.answer or b"null"))
        return Sold(entry.id, entry.number, total, document)

    # -- afterwards -------------------------------------------------------------------------------

    def refund(
        self,
        sale: str,
        lines: Sequence[Mapping[str, Any]],
        *,
        reason: str,
        method: str = "",
        approval: str = "",
        patience: float = PATIENCE,
    ) -> answers.Sale | None:
        """Take lines back: `{"line": 1, "quantity": "1", "restock": True}`.

        None where the server did not answer in time: it waits in the queue and comes by itself, after
        its sale. Give no money back before it is done. Raises ApiError where it is refused.
        """
        body: dict[str, Any] = {"id": str(uuid7()), "register": self.register, "reason": reason}
        body |= {"lines": list(lines)} | ({"method": method} if method else {})
        path = f"sales/{sale}/refunds"
        found = self._document("refund", path, body, approval, patience, after=sale)
        return cast(answers.Sale | None, found)

    def void(
        self, sale: str, *, reason: str, approval: str = "", patience: float = PATIENCE
    ) -> answers.Sale | None:
        """Reverse a sale completely; None as with `refund`."""
        body = {"id": str(uuid7()), "reason": reason}
        found = self._document("void", f"sales/{sale}/void", body, approval, patience, after=sale)
        return cast(answers.Sale | None, found)

    def exchange(
        self,
        sale: str,
        *,
        returns: Sequence[Mapping[str, Any]],
        lines: Sequence[Line],
        total: Amount,
        reason: str,
        method: str = "",
        approval: str = "",
        patience: float = PATIENCE,
    ) -> answers.Sale | None:
        """Take lines back and sell others; `total` is what `Client.quote_exchange` came to."""
        body: dict[str, Any] = {"id": str(uuid7()), "register": self.register, "reason": reason}
        body |= {"returns": list(returns), "lines": [one.online() for one in lines]}
        body |= {"total": plain(total)} | ({"method": method} if method else {})
        path = f"sales/{sale}/exchanges"
        found = self._document("exchange", path, body, approval, patience, after=sale)
        return cast(answers.Sale | None, found)

    def move_cash(
        self,
        kind: str,
        amount: Amount,
        *,
        reason: str,
        note: str = "",
        approval: str = "",
        patience: float = PATIENCE,
    ) -> dict[str, Any] | None:
        """Cash in, out, to the safe (drop), or a drawer that was opened (open), in the open shift.

        None as with `refund`: it waits and comes by itself. Raises NoAnswer where not even the
        shift could be asked for.
        """
        body = {"id": str(uuid7()), "kind": kind, "amount": plain(amount), "reason": reason}
        path = f"shifts/{self._open_shift()}/cash-movements"
        found = self._document("cash", path, {**body, "note": note}, approval, patience)
        return cast(dict[str, Any] | None, found)

    def _document(
        self,
        kind: str,
        path: str,
        body: Mapping[str, Any],
        approval: str,
        patience: float,
        *,
        after: str = "",
    ) -> Any:
        waits = self.queue.get(after)
        follows = after if waits is not None and waits.state == "waiting" else None
        entry = self.queue.put(
            kind=kind, id=body["id"], path=path, body=exact.written(body), follows=follows,
            approval=approval, claim=follows is None,
        )  # fmt: skip
        if follows is None:
            try:
                entry = self.sender.send_now(entry, patience=patience)
            except Revoked:
                self._withdraw(entry)
                raise
        if entry.state == "refused":
            self.queue.dismiss(entry.id)
            raise refusal(entry)
        if entry.state == "waiting":
            return None
        return exact.read(entry.answer or b"null")

    # -- the queue --------------------------------------------------------------------------------

    def flush(self) -> Flushed:
        """Hand in what waits; one round."""
        return self.sender.flush()

    def refused(self) -> list[tuple[Entry, ApiError]]:
        """What was refused when nobody looked; show it to a person, then `queue.dismiss` it."""
        return [(entry, refusal(entry)) for entry in self.queue.refused()]

    def start(self, *, sync_every: float = 15.0) -> None:
        """A thread that hands in what waits and keeps the copy up to date, until `close`."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, args=(sync_every,), name="tillbook", daemon=True
            )
            self._thread.start()

    def _work(self, sync_every: float) -> None:
        sender = threading.Thread(target=self.sender.run, args=(self._stop,), daemon=True)
        sender.start()
        while not self._stop.wait(sync_every):
            if not self.sender.is_paused():
                try:
                    self.catalogue.sync()
                except TillbookError:
                    continue
        sender.join(60)

    @property
    def _digits(self) -> int:
        return int(self.queue.kept("digits") or 2)

"""The rest of the API: cash, readings, customers, products, stock, the review inbox, credits of a key.

Answers are JSON as the reference describes it, amounts as text. Whatever has an `id` of its own may be
sent again as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from .client import Client, Id, Json
from .exact import Amount, plain
from .ids import uuid7

Body = Mapping[str, Any]


class Office:
    """What programs and managers do, through a `Client`."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def _get(self, path: str, **params: Any) -> Json:
        return cast(Json, self.client.call("GET", path, params=params))

    def _send(self, method: str, path: str, body: Body, approval: str = "") -> Json:
        return cast(Json, self.client.call(method, path, body, approval=approval))

    # -- cash and readings ------------------------------------------------------------------------

    def cash_movements(self, shift: Id) -> Iterator[Json]:
        return self.client.pages(f"shifts/{shift}/cash-movements")

    def move_cash(
        self, shift: Id, kind: str, amount: Amount, *, reason: str, note: str = "",
        id: Id | None = None, approval: str = "",
    ) -> Json:  # fmt: skip
        """`kind`: in, out, drop or open. Give an `id` of your own to be able to send it again."""
        body = {"id": id or uuid7(), "kind": kind, "amount": plain(amount), "reason": reason}
        path = f"shifts/{shift}/cash-movements"
        return self._send("POST", path, {**body, "note": note}, approval)

    def correct_cash(
        self, movement: Id, *, note: str = "", id: Id | None = None, approval: str = ""
    ) -> Json:
        body = {"id": id or uuid7(), "note": note}
        return self._send("POST", f"cash-movements/{movement}/correct", body, approval)

    def reading(self, shift: Id) -> Json:
        """An X reading: the figures of a shift so far; closes nothing."""
        return self._get(f"shifts/{shift}/reading")

    def close_day(self, register: Id, *, id: Id | None = None) -> Json:
        """A Z reading over every shift of the register that was closed since the last one."""
        return self._send("POST", "z-readings", {"id": id or uuid7(), "register": register})

    def z_readings(self, *, register: Id | None = None) -> Iterator[Json]:
        return self.client.pages("z-readings", {"register": register})

    def z_reading(self, reading: Id) -> Json:
        return self._get(f"z-readings/{reading}")

    def day(self, date: str = "", *, register: Id | None = None) -> Json:
        """The figures of a business date."""
        return self._get("day", date=date, register=register)

    # -- customers --------------------------------------------------------------------------------

    def change_customer(self, customer: Id, changes: Body, *, version: str = "") -> Json:
        """What is not in `changes` stays. With the `version` that you read, only that one is
        changed: ApiError 412 where somebody else was quicker."""
        headers = {"If-Match": f'"{version}"'} if version else None
        path = f"customers/{customer}"
        return cast(Json, self.client.call("PATCH", path, changes, headers=headers))

    def bought_by(self, customer: Id) -> Json:
        """How many sales of a customer there are, and what they come to."""
        return self._get(f"customers/{customer}/totals")

    def credit_of(self, customer: Id) -> Json:
        """What there is to spend, when it expires, and the latest entries in `results`."""
        return self._get(f"customers/{customer}/credit")

    def credit_entries(self, customer: Id) -> Iterator[Json]:
        """All that has happened to a customer's credit, the latest first."""
        return self.client.pages(f"customers/{customer}/credit")

    def grant_credit(
        self, customer: Id, amount: Amount, *, reason: str, expires_on: str = "",
        id: Id | None = None,
    ) -> Json:  # fmt: skip
        """Give an `id` of your own to be able to send it again. `expires_on`: as 2026-12-31."""
        body = {"id": id or uuid7(), "amount": plain(amount), "reason": reason}
        more = {"expires_on": expires_on or None}
        return self._send("POST", f"customers/{customer}/credit/grants", {**body, **more})

    def correct_credit(
        self, customer: Id, amount: Amount, *, reason: str, id: Id | None = None
    ) -> Json:
        """Add to credit, or take from it where `amount` is negative."""
        body = {"id": id or uuid7(), "amount": plain(amount), "reason": reason}
        return self._send("POST", f"customers/{customer}/credit/corrections", body)

    # -- products ---------------------------------------------------------------------------------

    def products(self, search: str = "", **filters: Any) -> Iterator[Json]:
        """Filters: `code`, `category`, `brand`, `status`, `stocked`."""
        return self.client.pages("products", {"q": search, **filters})

    def product(self, product: Id) -> Json:
        return self._get(f"products/{product}")

    def add_product(self, body: Body) -> Json:
        """With an `id` of your own it can be sent again."""
        return self._send("POST", "products", {"id": uuid7(), **body})

    def change_product(self, product: Id, changes: Body) -> Json:
        return self._send("PATCH", f"products/{product}", changes)

    def change_prices(self, product: Id, changes: Body) -> Json:
        return self._send("PATCH", f"products/{product}/prices", changes)

    def remove_product(self, product: Id) -> None:
        self.client.call("DELETE", f"products/{product}")

    def picture(self, product: Id, *, tag: str = "") -> tuple[bytes, str]:
        """The picture as WebP, and its ETag; no bytes where `tag` is still right.

        Raises NotFound where there is none.
        """
        headers = {"Accept": "image/webp"} | ({"If-None-Match": tag} if tag else {})
        answer = self.client.send("GET", f"products/{product}/picture", headers=headers)
        if answer.status == 200 and answer.headers.get("content-type") == "image/webp":
            return answer.body, answer.headers.get("etag", "")
        self.client.told(answer)
        return b"", tag

    def put_picture(self, product: Id, picture: bytes, kind: str, *, version: str = "") -> Json:
        """`kind`: image/jpeg, image/png or image/webp. The same again changes nothing.

        With the `version` that you read, only that one is changed: ApiError 412 where somebody else
        was quicker.
        """
        headers = {"Content-Type": kind, **_only(version)}
        path = f"products/{product}/picture"
        return cast(Json, self.client.call("PUT", path, picture, headers=headers))

    def remove_picture(self, product: Id) -> Json:
        return cast(Json, self.client.call("DELETE", f"products/{product}/picture"))

    def entries(self, kind: str, search: str = "", *, status: str = "") -> Iterator[Json]:
        """`kind`: categories, brands, units or tax-rates."""
        return self.client.pages(kind, {"q": search, "status": status})

    def entry(self, kind: str, entry: Id) -> Json:
        return self._get(f"{kind}/{entry}")

    def add_entry(self, kind: str, body: Body) -> Json:
        return self._send("POST", kind, {"id": uuid7(), **body})

    def change_entry(self, kind: str, entry: Id, changes: Body) -> Json:
        return self._send("PATCH", f"{kind}/{entry}", changes)

    def remove_entry(self, kind: str, entry: Id) -> None:
        self.client.call("DELETE", f"{kind}/{entry}")

    # -- registers, locations, suppliers ----------------------------------------------------------

    def registers(self, **filters: Any) -> Iterator[Json]:
        """Filters: `location`, `status` (active, off or all)."""
        return self.client.pages("registers", filters)

    def register(self, register: Id) -> Json:
        return self._get(f"registers/{register}")

    def add_register(self, name: str, location: Id, prefix: str, *, id: Id | None = None) -> Json:
        """Give an `id` of your own to be able to send it again."""
        body = {"id": id or uuid7(), "name": name, "location": location, "prefix": prefix}
        return self._send("POST", "registers", body)

    def change_register(self, register: Id, changes: Body, *, version: str = "") -> Json:
        """As `change_supplier`; switched off with `{"is_active": False}`."""
        path = f"registers/{register}"
        return cast(Json, self.client.call("PATCH", path, changes, headers=_only(version)))

    def locations(self, search: str = "", *, status: str = "") -> Iterator[Json]:
        return self.client.pages("locations", {"q": search, "status": status})

    def location(self, location: Id) -> Json:
        return self._get(f"locations/{location}")

    def suppliers(self, search: str = "", *, status: str = "") -> Iterator[Json]:
        """`status`: active (also where nothing is said), off or all."""
        return self.client.pages("suppliers", {"q": search, "status": status})

    def supplier(self, supplier: Id) -> Json:
        return self._get(f"suppliers/{supplier}")

    def add_supplier(self, body: Body) -> Json:
        """With an `id` of your own it can be sent again."""
        return self._send("POST", "suppliers", {"id": uuid7(), **body})

    def change_supplier(self, supplier: Id, changes: Body, *, version: str = "") -> Json:
        """What is not in `changes` stays. With the `version` that you read, only that one is
        changed: ApiError 412 where somebody else was quicker."""
        path = f"suppliers/{supplier}"
        return cast(Json, self.client.call("PATCH", path, changes, headers=_only(version)))

    # -- stock ------------------------------------------------------------------------------------

    def stock(self, search: str = "", **filters: Any) -> Iterator[Json]:
        """Filters: `location`, `category`, `code`, `level`."""
        return self.client.pages("stock", {"q": search, **filters})

    def stock_of(self, variation: Id) -> Json:
        """At every location that one may see."""
        return self._get(f"stock/variations/{variation}")

    def movements(self, **filters: Any) -> Iterator[Json]:
        """Filters: `location`, `variation`."""
        return self.client.pages("stock/movements", filters)

    def correct_stock(
        self, location: Id, reason: str, lines: Sequence[Body], *, note: str = "",
        id: Id | None = None,
    ) -> Json:  # fmt: skip
        body = {"id": id or uuid7(), "location": location, "reason": reason, "note": note}
        return self._send("POST", "stock/corrections", {**body, "lines": list(lines)})

    def corrections(self, **filters: Any) -> Iterator[Json]:
        """Filters: `location`, `reason`."""
        return self.client.pages("stock/corrections", filters)

    def correction(self, correction: Id) -> Json:
        return self._get(f"stock/corrections/{correction}")

    # -- the inbox, and the key itself ------------------------------------------------------------

    def review(self, **filters: Any) -> Iterator[Json]:
        """Sales made offline that somebody should look at. Filters: `kind`, `state`."""
        return self.client.pages("review", filters)

    def review_item(self, item: Id) -> Json:
        return self._get(f"review/{item}")

    def settle(self, item: Id, body: Body) -> Json:
        return self._send("POST", f"review/{item}/settle", body)

    def credits(self) -> Json:
        """The balance of API credits, and what this key has used."""
        return self._get("credits/balance")

    def credit_transactions(self) -> Iterator[Json]:
        return self.client.pages("credits/transactions")


def _only(version: str) -> dict[str, str]:
    """The header by which only this version is changed; none where any is meant."""
    return {"If-Match": f'"{version}"'} if version else {}

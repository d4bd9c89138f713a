"""Every endpoint as a method. Nothing is repeated here: who must not lose anything uses `Terminal`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Final, cast
from urllib.parse import quote, urlencode
from uuid import UUID

from . import answers, exact
from .errors import ApiError, BadAnswer, Conflict, NoAnswer, error_of
from .exact import Amount, plain
from .ids import uuid7
from .wire import Http, Request, Response, Transport

VERSION: Final = "1.0.0"
API: Final = "/api/v1/"
#: Seconds; the server looks at a batch for 20 and leaves the rest for later.
BATCH_TIMEOUT: Final = 40
Id = UUID | str
Json = dict[str, Any]


class Client:
    """One device at one server.

    `operator` is the token of who is signed in, and goes with each request once it is known.
    Raises `ApiError` in its classes for what the server refuses, `NoAnswer` for what it did not
    hear or say, and `BadAnswer` for what something else said in its place.
    """

    def __init__(
        self,
        server: str | Transport,
        token: str = "",
        *,
        timeout: int = 15,
        app_version: str = "",
        allow_http: bool = False,
    ) -> None:
        self.transport: Transport = (
            Http(server, allow_http=allow_http) if isinstance(server, str) else server
        )
        self.token, self.operator, self.timeout = token, "", timeout
        self.app_version = app_version or f"tillbook-client {VERSION}"

    # -- one request ------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        approval: str = "",
        headers: Mapping[str, str] | None = None,
        as_device: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """The answer's JSON, None for an empty one. `as_device` leaves the operator out."""
        return self.told(
            self.send(
                method, path, body, params=params, approval=approval, headers=headers,
                as_device=as_device, timeout=timeout,
            )
        )  # fmt: skip

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        approval: str = "",
        headers: Mapping[str, str] | None = None,
        as_device: bool = False,
        timeout: float | None = None,
    ) -> Response:
        """The answer as it came; raises NoAnswer alone. Bytes are sent as they are."""
        sent = {"X-App-Version": self.app_version, "Accept": "application/json", **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.operator and not as_device:
            sent["X-Operator"] = self.operator
        if approval:
            sent["X-Approval"] = approval
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, bytes) else exact.written(body)
        asked = {name: value for name, value in (params or {}).items() if value not in (None, "")}
        path = API + path + (f"?{urlencode(asked)}" if asked else "")
        request = Request(method, path, sent, body)
        return self.transport.send(request, timeout=timeout or self.timeout)

    def told(self, answer: Response) -> Any:
        """The JSON of an answer. Raises ApiError where it is a refusal in the API's own shape."""
        if answer.status in (204, 304):
            return None
        wait = retry_after(answer.headers.get("retry-after", ""))
        try:
            said = exact.read(answer.body)
        except (ValueError, UnicodeDecodeError):
            said = None
        if 200 <= answer.status < 300 and isinstance(said, dict):
            return said
        if answer.status >= 400 and isinstance(said, dict) and "code" in said:
            fields = said.get("fields")
            raise error_of(
                answer.status,
                str(said["code"]),
                str(said.get("message", "")),
                fields if isinstance(fields, dict) else {},
                wait,
            )
        # These mean the same whoever says them: a proxy, a pooler of servers, a limit on the way.
        if answer.status in (413, 429) or answer.status >= 500:
            raise error_of(answer.status, "", f"The answer was {answer.status}", {}, wait)
        raise BadAnswer(f"Something that is not Tillbook answered ({answer.status})")

    # -- becoming somebody ------------------------------------------------------------------------

    def pair(self, code: str, *, name: str = "", version: str = "") -> answers.Paired:
        """Turn the code of the Devices page into a token, which this client then uses.

        After NoAnswer the code may be used up: ask for another one, which takes its place.
        """
        body = {"code": code, "name": name, "version": version or self.app_version}
        paired = cast(answers.Paired, self.call("POST", "pair", body))
        self.token = paired["token"]
        return paired

    def roll_token(self) -> str:
        """A new token, not in use yet: keep it safely, then set `token`; its first use ends the old."""
        return str(self.call("POST", "token/roll")["token"])

    def me(self) -> answers.Me:
        return cast(answers.Me, self.call("GET", "me"))

    def operators(self, *, approves: str = "") -> list[answers.Named]:
        """Who can sign in here with a PIN; with `approves`, who may approve this permission."""
        found = self.call("GET", "operators", params={"approves": approves})
        return cast(list[answers.Named], found["results"])

    def sign_in(self, person: Id, pin: str) -> answers.SignedIn:
        """Raises WrongPin and PinLocked."""
        body = {"person": person, "pin": pin}
        found = cast(answers.SignedIn, self.call("POST", "operators/sign-in", body, as_device=True))
        self.operator = found["operator_token"]
        return found

    def sign_out(self) -> None:
        self.call("POST", "operators/sign-out")
        self.operator = ""

    def approve(self, person: Id, pin: str, permissions: Sequence[str]) -> answers.Approved:
        """A supervisor's word for one request: give its `approval` to that one, within two minutes."""
        body = {"person": person, "pin": pin, "permissions": list(permissions)}
        return cast(answers.Approved, self.call("POST", "approvals", body))

    # -- what is there ----------------------------------------------------------------------------

    def items(self, register: Id, *, search: str = "") -> Iterator[answers.Item]:
        """All that is for sale, page by page; with `search` the 50 best matches."""
        return self.pages("items", {"register": register, "q": search})

    def look_up(self, register: Id, code: str) -> answers.Item:
        """What a scanned code stands for. Raises NotFound."""
        params = {"register": register, "code": code}
        return cast(answers.Item, self.call("GET", "items/lookup", params=params))

    def customers(self, search: str = "", *, status: str = "") -> Iterator[answers.Customer]:
        """Newest first; with the beginning of a name, a whole phone number or e-mail, by name.

        `status`: active (also where nothing is said), off or all.
        """
        return self.pages("customers", {"q": search, "status": status})

    def customer(self, customer: Id) -> answers.CustomerDetail:
        return cast(answers.CustomerDetail, self.call("GET", f"customers/{_id(customer)}"))

    def add_customer(
        self, name: str, *, phone: str = "", email: str = "", id: Id | None = None, **more: Any
    ) -> answers.CustomerDetail:
        """With an `id` of your own it can be sent again after NoAnswer.

        More: `address`, `tax_number`, `credit_limit`, `note`.
        """
        body = {"id": id or uuid7(), "name": name, "phone": phone, "email": email, **more}
        return cast(answers.CustomerDetail, self.call("POST", "customers", body))

    # -- shifts -----------------------------------------------------------------------------------

    def open_shift(self, register: Id, opening_float: Amount) -> answers.Shift:
        """Open the register's drawer. After NoAnswer ask `me` whether it is open."""
        body = {"register": register, "opening_float": plain(opening_float)}
        return cast(answers.Shift, self.call("POST", "shifts", body))

    def shift(self, shift: Id) -> answers.Shift:
        return cast(answers.Shift, self.call("GET", f"shifts/{_id(shift)}"))

    def close_shift(self, shift: Id, counted_cash: Amount, *, note: str = "") -> answers.Shift:
        """Close it with what was counted; a shift that was closed by a lost answer is told as it is."""
        body = {"counted_cash": plain(counted_cash), "note": note}
        try:
            return cast(answers.Shift, self.call("POST", f"shifts/{_id(shift)}/close", body))
        except Conflict as error:
            if error.code != "shift_closed":
                raise
            found = self.shift(shift)
            if found["counted_cash"] is None or exact.exact(found["counted_cash"]) != exact.exact(
                counted_cash
            ):
                raise
            return found

    def new_series(self, series: Id, register: Id) -> answers.Series:
        """A series of numbers of the device's own; the same id again is the same series."""
        body = {"id": series, "register": register}
        return cast(answers.Series, self.call("POST", "series", body))

    # -- documents: the same id and body again is the same document -------------------------------

    def sell(self, sale: Mapping[str, Any] | bytes, *, approval: str = "") -> answers.Sale:
        return cast(answers.Sale, self.call("POST", "sales", sale, approval=approval))

    def sell_batch(self, sales: Sequence[Mapping[str, Any] | bytes]) -> list[answers.Judged]:
        """Up to 500 sales that were made offline; answers in their order, each judged by itself.

        Bytes are sent as they are. It goes in the device's name: nobody need be signed in.
        """
        bodies = [one if isinstance(one, bytes) else exact.written(one) for one in sales]
        body = b'{"sales":[' + b",".join(bodies) + b"]}"
        told = self.call(
            "POST", "sales/batch", body, as_device=True, timeout=max(self.timeout, BATCH_TIMEOUT)
        ).get("results")
        if not isinstance(told, list) or len(told) != len(bodies):
            raise BadAnswer("The batch was answered by another number of answers")
        return cast(list[answers.Judged], told)

    def sale(self, sale: Id) -> answers.Sale:
        """A sale, void, refund or exchange by its id. Raises NotFound."""
        return cast(answers.Sale, self.call("GET", f"sales/{_id(sale)}"))

    def sales(
        self,
        search: str = "",
        *,
        date: str = "",
        date_from: str = "",
        date_to: str = "",
        location: Id | None = None,
        register: Id | None = None,
        operator: Id | None = None,
        customer: Id | None = None,
        kind: str = "",
        method: str = "",
    ) -> Iterator[answers.Sale]:
        """Documents, the newest first; `search` is the beginning of a number, or a customer."""
        days = {"date": date, "date_from": date_from, "date_to": date_to}
        where = {"location": location, "register": register}
        who = {"operator": operator, "customer": customer}
        params = {"q": search, **days, **where, **who, "kind": kind, "method": method}
        return self.pages("sales", params)

    def void(
        self, sale: Id, body: Mapping[str, Any] | bytes, *, approval: str = ""
    ) -> answers.Sale:
        path = f"sales/{_id(sale)}/void"
        return cast(answers.Sale, self.call("POST", path, body, approval=approval))

    def quote_refund(self, sale: Id, lines: Sequence[Mapping[str, Any]]) -> answers.Quote:
        body = {"lines": list(lines)}
        return cast(answers.Quote, self.call("POST", f"sales/{_id(sale)}/refunds/quote", body))

    def refund(
        self, sale: Id, body: Mapping[str, Any] | bytes, *, approval: str = ""
    ) -> answers.Sale:
        path = f"sales/{_id(sale)}/refunds"
        return cast(answers.Sale, self.call("POST", path, body, approval=approval))

    def quote_exchange(self, sale: Id, body: Mapping[str, Any]) -> answers.Quote:
        return cast(answers.Quote, self.call("POST", f"sales/{_id(sale)}/exchanges/quote", body))

    def exchange(
        self, sale: Id, body: Mapping[str, Any] | bytes, *, approval: str = ""
    ) -> answers.Sale:
        path = f"sales/{_id(sale)}/exchanges"
        return cast(answers.Sale, self.call("POST", path, body, approval=approval))

    def receipt(self, sale: Id) -> answers.Receipt:
        """For a printer of 42 columns."""
        return cast(answers.Receipt, self.call("GET", f"sales/{_id(sale)}/receipt"))

    # -- copies -----------------------------------------------------------------------------------

    def sync(self, cursor: str, *, limit: int | None = None, tag: str = "") -> tuple[Json, str]:
        """One page of what is new, and its ETag; an empty object where `tag` is still right."""
        headers = {"If-None-Match": tag} if tag else {}
        params = {"since": cursor, "limit": limit}
        answer = self.send("GET", "sync", params=params, headers=headers)
        return self.told(answer) or {}, answer.headers.get("etag", tag)

    def checksums(self) -> Json:
        return cast(Json, self.call("GET", "sync/checksums"))

    def bucket(self, kind: str, bucket: str) -> list[Json]:
        return cast(list[Json], self.call("GET", f"sync/buckets/{kind}/{bucket}")["rows"])

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Every row of a list, page by page."""
        page = self.call("GET", path, params=params)
        while True:
            yield from page["results"]
            following = page.get("next")
            if not following:
                return
            # Of the address only what follows the API's own path: behind a proxy the rest may differ.
            page = self.call("GET", str(following).partition(API)[2])


def retry_after(text: str) -> int | None:
    """Seconds, out of a number or a date as HTTP has them; None for neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return int(text[:9])
    try:
        return max(0, round(parsedate_to_datetime(text).timestamp() - time()))
    except (TypeError, ValueError):
        return None


def is_refusal(error: Exception) -> bool:
    """Whether the server has judged, so that the same again would be judged the same."""
    return isinstance(error, ApiError) and not isinstance(error, NoAnswer) and not error.may_repeat


def _id(value: Id) -> str:
    return quote(str(value), safe="-")

"""Real requests to the running function: what a browser, a terminal and the host's scheduler do."""

from __future__ import annotations

import http.client
import json
import re
import uuid
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

from scripts.vercel.building import Build, demand, static_file
from scripts.vercel.function import Function

HOST = "tillbook-check.vercel.app"
SHOP = "/b/hedgerow"
OWNER = "olive"
NOT_KEPT = "No database is set up"
# A hashed name: what the host's network may keep for ever.
HASHED = re.compile(r'(?:href|src)="(/static/[^"]+\.[0-9a-f]{12}\.[a-z0-9]+)"')


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    cookies: SimpleCookie
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Visitor:
    """A browser or a program on the other side of the host's network, with its own cookies."""

    function: Function
    token: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def at(self, function: Function) -> Visitor:
        """The same visitor, whose next request reaches another instance."""
        return Visitor(function, self.token, self.cookies)

    def ask(
        self, path: str, body: str | None = None, *, method: str = "", **headers: str
    ) -> Answer:
        """A request, with the headers that the host's network adds."""
        sent = {
            "Host": HOST,
            "X-Forwarded-Host": HOST,
            "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Proto": "https",
            "X-Vercel-Internal-Invocation-Id": uuid.uuid4().hex,
            "X-Vercel-Internal-Request-Id": "1",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection("127.0.0.1", self.function.port, timeout=120)
        try:
            connection.request(method or ("POST" if body is not None else "GET"), path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            connection.close()
        cookies = SimpleCookie()
        for line in answer.headers.get_all("Set-Cookie") or []:
            cookies.load(line)
        for name, morsel in cookies.items():
            self.cookies[name] = morsel.value
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, named, cookies, text)

    def post_form(self, path: str, *, token: str, **fields: str) -> Answer:
        body = urlencode({"csrfmiddlewaretoken": token, **fields})
        return self.ask(
            path,
            body,
            Content_Type="application/x-www-form-urlencoded",
            Origin=f"https://{HOST}",
            Referer=f"https://{HOST}{path}",
        )

    def post_json(self, path: str, data: object) -> Answer:
        more = {"X_CSRFToken": self.cookies["csrftoken"]} if "csrftoken" in self.cookies else {}
        return self.ask(
            path,
            json.dumps(data),
            Content_Type="application/json",
            Origin=f"https://{HOST}",
            Referer=f"https://{HOST}{path}",
            **more,
        )


def form_token(page: Answer) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    demand(found, "the form has no token against forged requests")
    assert found
    return found[1]


def front(made: Build, function: Function) -> Answer:
    """The front door leads to signing in; its files are those of the build, kept for ever."""
    visitor = Visitor(function)
    home = visitor.ask("/")
    demand((home.status, home.headers.get("location")) == (302, "/sign-in/"), "the front door")
    page = visitor.ask("/sign-in/")
    demand(page.status == 200, f"the page for signing in answers {page.status}")
    demand("strict-transport-security" in page.headers, "no HSTS")
    policy = page.headers.get("content-security-policy", "")
    demand("script-src 'self'" in policy and "unsafe" not in policy, f"the policy is {policy}")
    files = sorted(set(HASHED.findall(page.text)))
    demand(len(files) >= 4, f"only {len(files)} hashed files on the page")
    for address in files:
        content, cache = static_file(made, address)
        demand(content, f"{address} is empty")
        demand("immutable" in cache, f"{address} is not kept: {cache or 'no Cache-Control'}")
    _, cache = static_file(made, "/static/pos/app.css")
    demand(not cache, "a name without a hash must not be kept")
    missing = visitor.ask("/no-such-page/")
    demand(missing.status == 404, "a page that does not exist")
    return page


def sign_in(function: Function, password: str) -> Visitor:
    """A person in a browser: refused without the form's token or with a wrong password."""
    visitor = Visitor(function)
    token = form_token(visitor.ask("/sign-in/"))
    given = {"username": OWNER, "password": password}
    forged = visitor.post_form("/sign-in/", token="x" * 64, **given)
    demand(forged.status == 403, f"a forged form is answered with {forged.status}")
    wrong = visitor.post_form("/sign-in/", token=token, username=OWNER, password="not this one")
    demand(wrong.status == 200 and "sessionid" not in visitor.cookies, "a wrong password")
    right = visitor.post_form("/sign-in/", token=token, **given)
    demand(right.status == 302, f"signing in is answered with {right.status}")
    session = right.cookies["sessionid"]
    demand(session["secure"] and session["httponly"], "the session's cookie is not locked away")
    demand(session["samesite"] == "Lax", f"the session's cookie is {session['samesite']}")
    return visitor


def is_signed_in(visitor: Visitor) -> Answer:
    page = visitor.ask(f"{SHOP}/")
    demand(page.status == 200, f"the shop's first page answers {page.status}")
    demand("/sign-out/" in page.text, "nobody is signed in on the shop's first page")
    return page


def sell(visitor: Visitor, api: str) -> str:
    """Open a shift, sell one of what is there, and send the same sale again; its receipt number."""
    me = visitor.ask(f"{api}/me")
    demand(me.status == 200, f"{api}/me answers {me.status}: {me.text[:200]}")
    register = next(one for one in me.json()["registers"])
    if not register.get("shift"):
        shift = {"register": register["id"], "opening_float": "50.00"}
        opened = visitor.post_json(f"{api}/shifts", shift)
        demand(opened.status in {200, 201}, f"opening a shift: {opened.status} {opened.text[:300]}")
    items = visitor.ask(f"{api}/items?register={register['id']}").json()["results"]
    item = next(one for one in items if one["tax_inclusive"] and float(one["stock"] or 0) > 1)
    sale = {
        "id": str(uuid.uuid4()),
        "register": register["id"],
        "lines": [{"variation": item["id"], "quantity": "1"}],
        "payments": [{"method": "cash", "amount": item["price"]}],
        "total": item["price"],
    }
    first = visitor.post_json(f"{api}/sales", sale)
    demand(first.status == 201, f"the sale is answered with {first.status}: {first.text[:300]}")
    again = visitor.post_json(f"{api}/sales", sale)
    demand(again.status == 200, f"the same sale again is answered with {again.status}")
    demand(again.json()["number"] == first.json()["number"], "one sale has two receipts")
    return str(first.json()["number"])


def crons(made: Build, function: Function, secret: str) -> None:
    """Each call of the scheduler, with its secret and with none or a wrong one."""
    demand(made.crons, "there are no crons")
    for cron in made.crons:
        path = urlsplit(cron["path"]).path
        bare = Visitor(function).ask(path)
        wrong = Visitor(function, token="wrong").ask(path)
        demand((bare.status, wrong.status) == (404, 404), f"{path} answers strangers")
        if secret:
            right = Visitor(function, token=secret).ask(path, User_Agent="vercel-cron/1.0")
            demand(right.status == 200, f"{path} answers its secret with {right.status}")
            demand(isinstance(right.json(), dict), f"{path} tells nothing")


def health(function: Function, *, kept: bool) -> None:
    answer = Visitor(function).ask("/health/")
    demand(answer.status == 200, f"health is answered with {answer.status}")
    told = answer.json()
    demand(told.get("persistent", True) is kept, f"health tells {answer.text}")
    demand(kept or "DATABASE_URL" in told["set"], "health does not tell what to set")
    ready = Visitor(function).ask("/readyz")
    demand(ready.status == 200, f"readiness is answered with {ready.status}: {ready.text}")

"""What every answer of every route carries, with the settings of production."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from csp.constants import NONE, SELF
from django.conf import settings as configured
from django.test import Client

from tests.factories import Shop, signed_in
from tests.isolation.furnished import Furnished, furnish, with_known_token
from tests.isolation.routes import DEVICES, INSIDE, OUTSIDE, Route, routes

DIRECTIVES = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
NONCE = re.compile(r"script-src [^;]*'nonce-([\w+/=-]{16,})'")
# What may be kept by a browser although it is made by a view: it is the same for everybody.
PUBLIC_FOR_ALL = {"api_schema", "api_reference"}


@pytest.fixture
def production(settings: Any) -> Any:
    """As pos/settings.py has it with PRODUCTION=1 and TRUSTED_PROXIES=1."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.TRUSTED_PROXIES = 1
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    return settings


def visitor(user: Any = None, **headers: str) -> Client:
    headers = {"X-Forwarded-Proto": "https", **headers}
    client = Client(raise_request_exception=False, headers=headers)
    if user is not None:
        client.force_login(user)
    return client


def answers(mine: Furnished) -> Iterator[tuple[str, Route, Any]]:
    """Every route, read and posted to, by an owner, a terminal, or anybody."""
    inside, outside = visitor(mine.shop.owner), visitor(mine.shop.owner)
    device = visitor(Authorization=with_known_token(mine))
    for route in routes(INSIDE, DEVICES, OUTSIDE):
        if route.name == "sign_out":
            continue
        for method in ("GET", "POST"):
            path = route.path(mine.rows)
            client, url = {
                INSIDE: (inside, mine.url(path)),
                DEVICES: (device, f"/api/v1/{path}"),
                OUTSIDE: (outside, f"/{path}"),
            }[route.urlconf]
            # Signed out on the way (a password was chosen): the rest is to be seen signed in.
            if client is not device and "sessionid" not in client.cookies:
                client.force_login(mine.shop.owner)
            kind = {"content_type": "application/json"} if "/api/" in url else {}
            yield f"{method} {url}", route, getattr(client, method.lower())(url, {}, **kind)


def faults(name: str, route: Route, answer: Any) -> Iterator[str]:
    """What this answer lacks."""
    headers = answer.headers
    for header, expected in {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    }.items():
        if headers.get(header) != expected:
            yield f"{name}: {header} is {headers.get(header)}"
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        yield f"{name}: no Permissions-Policy"
    policy = headers.get("Content-Security-Policy", "")
    told = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    for directive, value in DIRECTIVES.items():
        if told.get(directive) != value:
            yield f"{name}: {directive} is {told.get(directive)}"
    if "unsafe" in policy or "*" in policy or "http:" in policy:
        yield f"{name}: {policy}"
    yield from scripts(name, answer, policy)
    caching = headers.get("Cache-Control", "")
    if route.name not in PUBLIC_FOR_ALL and not re.search(r"\bprivate\b|\bno-store\b", caching):
        yield f"{name}: Cache-Control is {caching!r}"
    yield from cookies(name, answer)


def scripts(name: str, answer: Any, policy: str) -> Iterator[str]:
    """Scripts of a page carry the nonce of its policy, and nothing else runs."""
    if not answer.headers.get("Content-Type", "").startswith("text/html") or answer.streaming:
        return
    page = answer.content.decode()
    found = re.findall(r"<script\b([^>]*)>", page)
    nonce = NONCE.search(policy)
    for attributes in found:
        if re.search(r'type="application/json"', attributes):
            continue
        if " src=" not in attributes and not (nonce and f'nonce="{nonce[1]}"' in attributes):
            yield f"{name}: <script{attributes}> without the nonce"
    if re.search(r'<[^>]+\s(on[a-z]+|style)="', page):
        yield f"{name}: an inline handler or style"


def cookies(name: str, answer: Any) -> Iterator[str]:
    for morsel in answer.cookies.values():
        text = morsel.OutputString()
        if morsel["max-age"] == 0:
            continue
        if not morsel["secure"] or morsel["samesite"] != "Lax":
            yield f"{name}: {text.partition('=')[0]} lacks Secure or SameSite"
        # Scripts read the token of forms to send it with their requests.
        if not morsel["httponly"] and morsel.key != configured.CSRF_COOKIE_NAME:
            yield f"{name}: scripts can read {morsel.key}"


@pytest.mark.django_db
def test_every_answer_of_every_route(production: Any) -> None:
    mine = furnish("acme")
    statuses: dict[int, int] = {}
    found: list[str] = []
    for name, route, answer in answers(mine):
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        found += faults(name, route, answer)
    assert found == []
    # The sweep saw pages, redirects and refusals.
    assert statuses[200] > 80 and statuses[302] > 5 and statuses[405] > 20
    assert not [status for status in statuses if status >= 500]


@pytest.mark.django_db
def test_the_sweep_sees_what_is_missing(production: Any, shop: Shop) -> None:
    """Without the middleware that sets them the same look finds faults."""
    route = next(one for one in routes(OUTSIDE) if one.name == "sign_in")
    good = visitor().get("/sign-in/")
    assert list(faults("", route, good)) == []
    for removed, word in {
        "pos.headers.HeadersMiddleware": "Permissions-Policy",
        "csp.middleware.CSPMiddleware": "default-src",
        "django.middleware.security.SecurityMiddleware": "nosniff",
        "django.middleware.clickjacking.XFrameOptionsMiddleware": "X-Frame-Options",
    }.items():
        production.MIDDLEWARE = [one for one in configured.MIDDLEWARE if one != removed]
        bare = visitor().get("/sign-in/")
        text = " ".join(faults("", route, bare)) + str(bare.headers)
        assert list(faults("", route, bare)), removed
        assert word in text or removed.endswith("SecurityMiddleware")
        production.MIDDLEWARE = [*production.MIDDLEWARE, removed]
    production.SESSION_COOKIE_SECURE = False
    answer = visitor().post("/sign-in/", {"username": "acme.owner", "password": "x"})
    production.CSRF_COOKIE_SECURE = False
    answer = visitor().get("/sign-in/")
    assert any("lacks Secure" in fault for fault in faults("", route, answer))


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["/no/such/page/", "/b/acme/", "/b/rival/x/", "/api/v1/me"])
def test_answers_to_strangers_carry_them_too(production: Any, shop: Shop, url: str) -> None:
    route = routes(OUTSIDE)[0]
    assert list(faults(url, route, visitor().get(url))) == []


# -- TLS --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_plain_http_is_sent_to_https(production: Any) -> None:
    answer = Client().get("/sign-in/")
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/sign-in/")
    assert Client().get("/healthz").status_code == 200, "probes come from inside"


@pytest.mark.django_db
def test_who_says_https_without_a_proxy_of_ours_is_not_believed(settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.TRUSTED_PROXIES, settings.SECURE_PROXY_SSL_HEADER = 0, None
    forged = visitor().get("/sign-in/")
    assert "Strict-Transport-Security" not in forged.headers
    settings.TRUSTED_PROXIES = 1
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert "Strict-Transport-Security" in visitor().get("/sign-in/").headers


# -- frames -----------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ancestors", "old", "new"),
    [
        ([NONE], "DENY", "frame-ancestors 'none'"),
        ([SELF], "SAMEORIGIN", "frame-ancestors 'self'"),
        (["https://intranet.example"], None, "frame-ancestors https://intranet.example"),
    ],
)
def test_both_headers_for_frames_say_the_same(
    settings: Any, ancestors: list[str], old: str | None, new: str
) -> None:
    settings.FRAME_ANCESTORS = ancestors
    settings.X_FRAME_OPTIONS = "SAMEORIGIN" if ancestors == [SELF] else "DENY"
    policy = configured.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**policy, "frame-ancestors": ancestors}}
    headers = Client().get("/sign-in/").headers
    assert headers.get("X-Frame-Options") == old
    assert new in headers["Content-Security-Policy"]


# -- origins ----------------------------------------------------------------------------------------


def write(client: Client, origin: str) -> Any:
    token = client.get("/sign-in/").cookies["csrftoken"].value
    data = {"username": "acme.owner", "password": "x", "csrfmiddlewaretoken": token}
    return client.post("/sign-in/", data, headers={"Origin": origin})


def test_forms_of_other_origins_are_refused_unless_named(shop: Shop, settings: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    other = "https://forms.example"
    assert write(client, "http://testserver").status_code == 200
    for origin in (other, "null", "https://testserver", "http://testserver.evil.example"):
        assert write(client, origin).status_code == 403, origin
    settings.CSRF_TRUSTED_ORIGINS = [other]
    assert write(Client(enforce_csrf_checks=True), other).status_code == 200


def preflight(url: str, origin: str) -> Any:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return Client().options(url, headers=headers).headers


def test_other_sites_call_the_api_of_devices_and_nothing_else(shop: Shop, settings: Any) -> None:
    till, other = "https://till.example", "https://other.example"
    assert "Access-Control-Allow-Origin" not in preflight("/api/v1/sales", till)
    settings.CORS_ALLOWED_ORIGINS = [till]
    allowed = preflight("/api/v1/sales", till)
    assert allowed["Access-Control-Allow-Origin"] == till
    assert "authorization" in allowed["Access-Control-Allow-Headers"]
    assert "POST" in allowed["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in allowed
    for url, origin in (
        ("/api/v1/sales", other),
        ("/api/v1/sales", "https://till.example.evil.example"),
        ("/b/acme/api/v1/sales", till),
        ("/sign-in/", till),
        ("/", till),
    ):
        assert "Access-Control-Allow-Origin" not in preflight(url, origin), (url, origin)
    signed = signed_in(shop.owner).get("/api/v1/me", headers={"Origin": till})
    assert signed.status_code == 401, "a cookie counts for nothing there"
    assert "Access-Control-Allow-Credentials" not in signed.headers

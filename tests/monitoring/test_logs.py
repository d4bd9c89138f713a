"""Log lines: what each request leaves behind, and that none of it is personal or secret."""

from __future__ import annotations

import io
import json
import logging
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client

from accounts.models import Membership
from monitoring import logs
from monitoring.logs import JsonFormatter, TextFormatter
from tenants.context import business
from tests.api.calls import line, post, sale_body
from tests.factories import PASSWORD, Shop, make_device, make_shift, with_token
from tests.monitoring.written import Lines

logger = logging.getLogger("tests.monitoring")


def test_the_line_of_a_sale(inside: Shop, written: Lines) -> None:
    make_shift(inside)
    device, token = make_device(inside)
    body = sale_body(inside, line(inside.mug), total="5.00")
    answer = post(with_token(token), "/api/v1/sales?note=Anna", body)
    [said] = [one for one in written.objects if one["logger"] == "monitoring.requests"]
    assert answer.status_code == 201
    assert said.pop("time").endswith("+00:00")
    assert said.pop("duration_ms") > 0
    assert said.pop("statements") > 5
    assert said == {
        "level": "INFO",
        "logger": "monitoring.requests",
        "message": "POST api_sales 201",
        "request_id": answer["X-Request-ID"],
        "business": inside.business.pk,
        "device": str(device.pk),
        "member": str(Membership.objects.get(user=inside.cashier).pk),
        "route": "api_sales",
        "method": "POST",
        "status": 201,
    }


def test_a_path_is_written_as_its_route(shop: Shop, owner: Client, written: Lines) -> None:
    """A path holds the business's name, keys, and the secret of a link for a new password."""
    secret = "c0ffee-0123456789abcdef0123456789abcdef"
    for path in (f"/password/reset/MQ/{secret}/", f"/nowhere/{secret}/", shop.url("x/Anna/")):
        owner.get(path + "?q=Anna")
    assert written.objects[0]["route"] == "password_reset_confirm"
    for word in ("c0ffee-", "Anna", "acme", "nowhere"):
        assert word not in written.text


def test_a_static_file_is_no_line(client: Client, written: Lines) -> None:
    client.get("/static/pos/app.css")
    assert "monitoring.requests" not in written.text
    client.get("/healthz")
    assert written.text.count("monitoring.requests") == 1


def test_signing_in_leaves_no_name_and_no_password(
    shop: Shop, client: Client, written: Lines
) -> None:
    for password in ("guessed-wrong-9", PASSWORD):
        client.post("/sign-in/", {"username": shop.owner.username, "password": password})
    assert [one["status"] for one in written.objects if "status" in one] == [200, 302]
    for word in (shop.owner.username, "guessed", PASSWORD, shop.owner.email):
        assert word not in written.text


def test_a_fault_has_a_traceback_without_values(
    shop: Shop, written: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        name = f"{'Anna'} of the market"
        raise ValueError(f"could not read {name!r}, {shop.owner.email}")

    monkeypatch.setattr("reports.queries.figures", broken)
    visitor = Client(raise_request_exception=False)
    visitor.force_login(shop.owner)
    answer = visitor.get(shop.url())
    [said] = [one for one in written.objects if "traceback" in one]
    assert (said["message"], said["error"]) == (
        "Internal Server Error: dashboard",
        "ValueError",
    )
    assert said["request_id"] == answer["X-Request-ID"]
    assert 'raise ValueError(f"could not read' in said["traceback"]
    assert said["traceback"].endswith("ValueError: could not read '[…]', [e-mail]")
    assert "Anna of" not in written.text


def test_what_led_to_a_fault_is_told_too(written: Lines) -> None:
    try:
        try:
            raise KeyError("Anna")
        except KeyError as error:
            raise RuntimeError("later") from error
    except RuntimeError:
        logger.exception("Broken")
    traceback = written.objects[0]["traceback"]
    assert traceback.index("KeyError: '[…]'") < traceback.index("RuntimeError: later")


def test_what_the_database_says_of_rows_is_left_out(inside: Shop, written: Lines) -> None:
    """PostgreSQL quotes the row in DETAIL, and the value that does not fit in its first line."""
    taken = inside.owner.username_index
    tries: list[tuple[str, list[Any]]] = [
        ("UPDATE accounts_user SET username_index = %s WHERE id = %s", [taken, inside.cashier.pk])
    ]
    if connection.vendor == "postgresql":
        tries.append(("SELECT CAST(%s AS integer)", ["Anna of the market"]))
    for statement, values in tries:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, values)
        except DatabaseError as error:
            logger.exception("Refused: %s", error)
    assert len(written.objects) == len(tries)
    assert written.text.casefold().count("unique constraint") >= 2
    for word in ("Anna", "DETAIL", taken):
        assert word not in written.text


def test_rows_are_written_as_their_keys(inside: Shop, written: Lines) -> None:
    logger.warning("Sent to %s and %s.", inside.owner, inside.customer)
    assert written.objects[0]["message"] == (
        f"Sent to accounts.User {inside.owner.pk} and sales.Customer {inside.customer.pk}."
    )


def test_work_outside_of_requests_names_its_business(shop: Shop, written: Lines) -> None:
    with business(shop.business):
        logger.warning("One")
    logger.warning("Two")
    assert [one.get("business") for one in written.objects] == [shop.business.pk, None]


def test_a_line_is_one_line(written: Lines) -> None:
    logger.warning('first\nsecond "quoted" %s', "\r\n{")
    assert len(written.text.splitlines()) == 1
    assert written.objects[0]["message"].startswith('first\nsecond "quoted"')


def test_a_message_that_does_not_fit_its_values_is_still_written(written: Lines) -> None:
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "%d of %s", ("Anna", 3), None)
    assert JsonFormatter().message(record) == "%d of %s [its values do not fit]"


def test_as_text(db: None, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord("a.b", logging.ERROR, "f", 1, "to anna@x.example", (), None)
    assert TextFormatter().format(record).split(" ", 1)[1] == "ERROR a.b to [e-mail]"


def test_who_gets_json() -> None:
    served = ["/srv/.venv/bin/gunicorn", "pos.wsgi"]
    assert logs.usual_form(served, production=True) == "json"
    assert logs.usual_form(served, production=False) == "text"
    for typed in (["manage.py", "backup"], ["/srv/manage.py", "run_jobs"], ["-m"], ["-c"], []):
        assert logs.usual_form(typed, production=True) == "text"


def test_only_with_json_a_refusal_is_one_line() -> None:
    """Where lines of requests are written, Django's warning of a 404 would be a second one."""
    levels = {
        form: logs.configuration(form=form, level="INFO", debug=False)["loggers"]["django.request"]
        for form in ("json", "text")
    }
    assert {form: one["level"] for form, one in levels.items()} == {
        "json": "ERROR",
        "text": "NOTSET",
    }


def test_statements_with_their_values_are_for_debugging_alone() -> None:
    for debug, level in ((False, "INFO"), (True, "DEBUG")):
        made = logs.configuration(form="json", level="DEBUG", debug=debug)
        assert made["loggers"]["django.db.backends"]["level"] == level


def test_a_strange_host_and_an_absent_database_are_no_faults(
    db: None, written: Lines, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    visitor = Client(raise_request_exception=False)
    settings.ALLOWED_HOSTS = ["shop.example.com"]
    assert visitor.get("/sign-in/", headers={"Host": "robot.example"}).status_code == 400
    monkeypatch.setattr("accounts.device_door.token_hash", away)
    answer = visitor.get(
        "/api/v1/me", headers={"Host": "shop.example.com", "Authorization": "Bearer tb_x"}
    )
    assert answer.status_code == 503
    said = [one for one in written.objects if one["logger"] != "monitoring.requests"]
    assert [one["level"] for one in said] == ["WARNING", "WARNING"]
    assert "ALLOWED_HOSTS" in said[0]["message"]
    assert said[1]["message"].endswith("server closed the connection unexpectedly")
    assert "traceback" not in written.text


def test_gunicorn_writes_as_we_do(monkeypatch: pytest.MonkeyPatch) -> None:
    gunicorn, stream = logging.getLogger("gunicorn.error"), io.StringIO()
    handler, root = logging.StreamHandler(stream), Lines()
    monkeypatch.setattr(gunicorn, "handlers", [handler])
    monkeypatch.setattr(logging.getLogger(), "handlers", [root])
    logs.write_gunicorn_alike()
    gunicorn.error("Error handling request /password/reset/MQ/c0ffee-%s/", "0" * 32)
    assert json.loads(stream.getvalue())["message"] == (
        "Error handling request /password/reset/MQ/[…]/"
    )


def test_ids_survive() -> None:
    """A made-up UUID of digits alone looks like numbers in a row; it stays what it is."""
    plain = str(uuid.UUID("41111111-1111-1111-1111-111111111111"))
    record = logging.LogRecord("x", logging.INFO, "f", 1, "Sale %s", (plain,), None)
    assert JsonFormatter().message(record) == f"Sale {plain}"

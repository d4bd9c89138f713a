"""Commands that begin a business, make keys and connect devices."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client

from accounts.models import Device, Membership, Role, User
from sales.models import Register
from tenants.context import business
from tenants.models import Business, Location
from tests import factories
from tests.accounts.reading import found

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def create_owner(**options: str) -> str:
    values = {"business": "Corner Shop", "username": "ann", **options}
    words = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
    return run("create_owner", *words)


def test_an_owner_signs_in_with_the_printed_password(db):
    told = create_owner(email="ann@example.com", currency="usd", time_zone="Asia/Tokyo")
    assert "/b/corner-shop/" in told
    password = found(r"shown this once: (\S+)", told)
    client = Client()
    first = client.post("/sign-in/", {"username": "ann", "password": password})
    assert first["Location"].startswith("/password/")
    made = Business.objects.get(slug="corner-shop")
    assert (made.currency, made.time_zone) == ("USD", "Asia/Tokyo")
    with business(made):
        member = Membership.objects.get()
        assert member.is_owner and member.role.name == "Owner"
        assert Role.objects.count() == 6
        assert Location.objects.get().is_active


def test_an_address_in_capitals_is_one_that_can_be_reached(db):
    create_owner(slug="Corner")
    client = Client()
    client.force_login(User.objects.get())
    User.objects.update(must_change_password=False)
    assert client.get("/b/corner/").status_code == 200


def test_the_password_may_come_from_the_environment(db, monkeypatch):
    monkeypatch.setenv("OWNER_PASSWORD", "given from outside")
    told = create_owner()
    assert "given" not in told
    ann = User.objects.get_by_natural_key("ann")
    assert ann.check_password("given from outside") and not ann.must_change_password
    monkeypatch.setenv("OWNER_PASSWORD", "short")
    with pytest.raises(CommandError, match="too short"):
        create_owner(business="Second", username="bob")


def test_somebody_with_an_account_owns_a_second_business(db):
    create_owner()
    before = User.objects.get_by_natural_key("ann").password
    assert "First password" not in create_owner(business="Second")
    ann = User.objects.get_by_natural_key("ann")
    assert ann.password == before
    assert Business.objects.count() == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"currency": "XXY"}, "not an ISO 4217 currency"),
        ({"time_zone": "Mars"}, "not a time zone"),
        ({"slug": "admin"}, "reserved"),
        ({"business": "###"}, "slug"),
        ({"username": "a"}, "at least 2"),
        ({"username": "a@b.c"}, "no @"),
        ({"email": "rival.owner@example.com"}, "another person"),
        ({"slug": "rival"}, "already exists"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(other_shop, options, says):
    before = (Business.objects.count(), User.objects.count())
    with pytest.raises(CommandError, match=says):
        create_owner(**options)
    assert (Business.objects.count(), User.objects.count()) == before


def test_keys_are_printed_before_there_are_any(tmp_path):
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"SECRET_KEY", "APP_ENCRYPTION_KEY", "DATABASE_URL", "DIRECT_URL"}
    }
    environment |= {"PRODUCTION": "1", "VAR_DIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "make_keys"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\n") == 2
    secret = found(r"^SECRET_KEY=(\S{50,})\n", done.stdout)
    key = found(r"\nAPP_ENCRYPTION_KEY=(\S+)\n$", done.stdout)
    assert len(set(secret)) > 15
    Fernet(key)
    assert list(tmp_path.iterdir()) == []


def test_a_device_gets_a_token_once(shop):
    words = ["device_token", "--business=acme", "--register=acm1", "--user=acme.cashier"]
    token = run(*words, "--name=Tablet").strip()
    assert re.fullmatch(r"tb_\S{43}", token)
    with business(shop.business):
        device = Device.objects.get()
        assert (device.name, device.location) == ("Tablet", shop.high_street)
        assert Register.objects.get().device == device
        assert token not in device.token_hash
    me = Client(headers={"Authorization": f"Bearer {token}"}).get("/api/v1/me")
    assert me.status_code == 200
    second = run(*words).strip()
    assert Client(headers={"Authorization": f"Bearer {token}"}).get("/api/v1/me").status_code == 401
    assert (
        Client(headers={"Authorization": f"Bearer {second}"}).get("/api/v1/me").status_code == 200
    )


def test_a_device_gets_a_token_outside_any_transaction(committed_db):
    # As people run the command; the other tests are one transaction each.
    with transaction.atomic():
        factories.make_shop("acme")
    words = ["--business=acme", "--register=acm1", "--user=acme.cashier"]
    assert run("device_token", *words).startswith("tb_")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"business": "nowhere"}, "no business “nowhere”"),
        ({"register": "XX9"}, "There are: ACM1"),
        ({"user": "rival.owner"}, "Nobody here signs in"),
        ({"user": "nobody"}, "Nobody here signs in"),
    ],
)
def test_what_a_token_cannot_be_for(shop, other_shop, wrong, says):
    options = {"business": "acme", "register": "ACM1", "user": "acme.cashier", **wrong}
    with pytest.raises(CommandError, match=says):
        run("device_token", *(f"--{name}={value}" for name, value in options.items()))

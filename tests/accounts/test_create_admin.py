"""Administrators: of the platform and of one business, by options, environment and terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.management import asking
from accounts.models import AuditEntry, Membership, Role, User
from accounts.permissions import DEFAULT_ROLES
from tenants.context import business
from tests.accounts.reading import found


def create_admin(*words: str) -> str:
    out = StringIO()
    call_command("create_admin", *words, stdout=out)
    return out.getvalue()


def test_who_looks_after_the_platform_sees_no_shop(shop):
    told = create_admin("--platform", "--username=root", "--email=root@example.com")
    password = found(r"shown this once: (\S+)", told)
    client = Client()
    assert client.post("/sign-in/", {"username": "root", "password": password}).status_code == 302
    root = User.objects.get_by_natural_key("root")
    assert root.is_superuser and root.must_change_password
    User.objects.filter(pk=root.pk).update(must_change_password=False)
    client.force_login(root)
    assert client.get(f"/b/{shop.business.slug}/").status_code == 404


def test_an_administrator_of_a_business_may_do_everything_there_and_nothing_elsewhere(
    shop, other_shop
):
    told = create_admin("--business=acme", "--username=carol", "--name=Carol")
    assert "/b/acme/" in told
    carol = User.objects.get_by_natural_key("carol")
    assert not carol.is_superuser
    with business(shop.business):
        member = Membership.objects.get(user=carol)
        assert member.is_owner and member.all_locations
        assert member.role.granted == DEFAULT_ROLES["Owner"]
        assert AuditEntry.objects.filter(action="user.create", object_id=str(member.pk)).exists()
    User.objects.filter(pk=carol.pk).update(must_change_password=False)
    client = Client()
    client.force_login(carol)
    assert client.get("/b/acme/people/").status_code == 200
    assert client.get("/b/rival/people/").status_code == 404


def test_somebody_who_works_here_is_promoted_and_keeps_the_password(shop):
    before = User.objects.get(pk=shop.cashier.pk).password
    with business(shop.business):
        Membership.objects.filter(user=shop.cashier).update(is_active=False, all_locations=False)
    told = create_admin("--business=acme", "--username=acme.cashier")
    assert "First password" not in told
    assert User.objects.get(pk=shop.cashier.pk).password == before
    with business(shop.business):
        member = Membership.objects.get(user=shop.cashier)
        assert member.is_owner and member.is_active and member.all_locations
        assert Membership.objects.filter(user=shop.cashier).count() == 1


def test_a_role_that_lost_rights_has_them_again(shop):
    with business(shop.business):
        Role.objects.filter(name="Owner").update(permissions=[])
    create_admin("--business=acme", "--username=carol")
    with business(shop.business):
        assert Role.objects.get(name="Owner").granted == DEFAULT_ROLES["Owner"]


def test_all_of_it_may_come_from_the_environment(db, monkeypatch):
    monkeypatch.setenv("ADMIN_USERNAME", "root")
    monkeypatch.setenv("ADMIN_EMAIL", "root@example.com")
    monkeypatch.setenv("ADMIN_PASSWORD", "given from outside")
    told = create_admin("--platform")
    assert "given" not in told
    root = User.objects.get_by_natural_key("root@example.com")
    assert root.check_password("given from outside") and not root.must_change_password


def test_a_terminal_is_asked_for_the_rest(shop, monkeypatch):
    asked: list[str] = []
    answers = {"Business": "", "User name": "root", "E-mail": ""}

    def typed(question: str) -> str:
        asked.append(question)
        return next(text for start, text in answers.items() if question.startswith(start))

    monkeypatch.setattr(asking, "at_terminal", lambda: True)
    monkeypatch.setattr("accounts.management.commands.create_admin.at_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", typed)
    monkeypatch.setattr("getpass.getpass", lambda question: "typed by a person")
    create_admin()
    assert len(asked) == 3
    root = User.objects.get_by_natural_key("root")
    assert root.is_superuser and root.check_password("typed by a person")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "--platform, or --business"),
        (["--platform"], "--username"),
        (["--business=nowhere", "--username=carol"], "no business “nowhere”"),
        (["--platform", "--username=a"], "at least 2"),
        (["--platform", "--username=a@b.c"], "no @"),
        (["--platform", "--username=carol", "--email=rival.owner@example.com"], "another person"),
        (["--platform", "--business=acme"], "not allowed with"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(shop, other_shop, words, says):
    before = User.objects.count(), User.objects.filter(is_superuser=True).count()
    with pytest.raises(CommandError, match=says):
        create_admin(*words)
    assert (User.objects.count(), User.objects.filter(is_superuser=True).count()) == before


def test_the_password_may_come_from_a_file(db, monkeypatch, tmp_path):
    file = tmp_path / "password"
    file.write_text("a-long-first-pass\n", encoding="utf-8")
    monkeypatch.setenv("ADMIN_PASSWORD_FILE", str(file))
    told = create_admin("--platform", "--username=root")
    assert "First password" not in told
    assert User.objects.get_by_natural_key("root").check_password("a-long-first-pass")
    monkeypatch.setenv("ADMIN_PASSWORD_FILE", str(tmp_path / "gone"))
    with pytest.raises(CommandError, match=r"ADMIN_PASSWORD_FILE names a file that cannot be read"):
        create_admin("--platform", "--username=second")

"""Staff pages: works, a colleague, a stranger, without the right; and nobody climbs."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import AuditEntry, Membership, Session, User
from tenants.context import business
from tenants.encryption import blind_index
from tests.accounts.people import acts, add, limited, member, place, url
from tests.accounts.reading import found
from tests.factories import PASSWORD, make_person, signed_in

# -- the list ---------------------------------------------------------------------------------------


def test_list_shows_everybody_here_and_nobody_else(manager, other_shop):
    page = manager.get("/b/acme/people/").content.decode()
    for person in ("Owner", "Cashier", "Stockkeeper", "Viewer"):
        assert f"Acme.{person} Person" in page
    assert "rival" not in page.lower()


def test_list_searches_what_is_encrypted_and_hides_the_inactive(shop, manager):
    with business(shop.business):
        Membership.objects.filter(user=shop.people["Viewer"]).update(is_active=False)

    def listed(query: str) -> set[str]:
        page = manager.get(f"/b/acme/people/?{query}").content.decode()
        return set(re.findall(r'row-link"[^>]*>Acme\.(\w+) Person', page))

    assert "Viewer" not in listed("")
    assert listed("q=viewer&state=all") == {"Viewer"}
    assert listed("state=inactive") == {"Viewer"}
    assert listed("q=acme.cashier%40example.com") == {"Cashier"}
    assert listed("q=nobody") == set()


def test_list_takes_few_statements_whatever_its_length(
    shop, manager, django_assert_max_num_queries
):
    with business(shop.business):
        for number in range(30):
            make_person(f"extra{number}", shop.roles["Cashier"], locations=[shop.market])
    with django_assert_max_num_queries(12):
        assert "extra29" in manager.get("/b/acme/people/").content.decode()


def test_somebody_at_one_location_sees_staff_of_it(shop):
    with business(shop.business):
        make_person("high.street", shop.roles["Cashier"], locations=[shop.high_street])
    client = signed_in(limited(shop, "user.view"))
    page = client.get("/b/acme/people/").content.decode()
    assert "High.Street Person" not in page
    assert "Acme.Owner Person" in page
    with business(shop.business):
        other = Membership.objects.get(role__name="Cashier", all_locations=False)
    assert client.get(f"/b/acme/people/{other.pk}/").status_code == 404


# -- adding -----------------------------------------------------------------------------------------


def test_a_new_person_gets_a_first_password_once(shop, manager):
    answer = add(manager, shop, email="nora@example.com")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    password = found(r'class="once">([^<]+)<', answer.content.decode())
    nora = User.objects.get_by_natural_key("new.person")
    assert (nora.name, nora.email, nora.must_change_password) == (
        "Nora New",
        "nora@example.com",
        True,
    )
    client = Client()
    first = client.post("/sign-in/", {"username": "new.person", "password": password})
    assert first["Location"].startswith("/password/")
    with business(shop.business):
        entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.actor) == ("user.create", shop.manager)
    assert password not in str(entry.changes)
    assert "Nora" not in str(entry.changes) + entry.object_text
    again = manager.get(f"/b/acme/people/{entry.object_id}/").content.decode()
    assert password not in again


def test_only_some_locations(shop, manager):
    data = {
        "username": "stall",
        "role": str(shop.roles["Cashier"].pk),
        "locations": [str(shop.market.pk)],
    }
    assert manager.post("/b/acme/people/new/", data).status_code == 200
    with business(shop.business):
        made = Membership.objects.get(user=User.objects.get_by_natural_key("stall"))
        assert made.location_ids == frozenset({shop.market.pk})


def test_no_location_at_all_is_refused(shop, manager):
    data = {"username": "nowhere", "role": str(shop.roles["Cashier"].pk)}
    assert "at least one location" in manager.post("/b/acme/people/new/", data).content.decode()


@pytest.mark.parametrize(
    "username", ["acme.cashier", "ACME.CASHIER", "rival.owner", "with space", "a@b.example", "x"]
)
def test_user_names_that_cannot_be(shop, other_shop, manager, username):
    before = User.objects.count()
    answer = add(manager, shop, username)
    assert answer.status_code == 200
    assert "field-error" in answer.content.decode()
    assert User.objects.count() == before


def test_a_taken_name_says_no_more_than_that(shop, other_shop, manager):
    def page(username: str) -> str:
        text = add(manager, shop, username).content.decode()
        text = re.sub(r'(value|content|nonce)="[^"]*"', "", text)
        return text.replace(username, "")

    assert page("rival.owner") == page("acme.cashier")
    assert "This user name is taken" in page("rival.owner")


def test_the_email_of_somebody_else_is_refused(shop, other_shop, manager):
    answer = add(manager, shop, email="rival.owner@example.com")
    assert "cannot be used here" in answer.content.decode()
    index = blind_index("new.person", "username")
    assert not User.objects.filter(username_index=index).exists()


def test_somebody_from_my_other_business_keeps_the_account(shop, other_shop, owner):
    with business(other_shop.business):
        Membership.objects.create(user=shop.owner, role=other_shop.roles["Owner"])
    before = other_shop.cashier.password
    answer = add(owner, shop, "rival.cashier", name="Another Name", email="taken@example.com")
    assert answer.status_code == 302
    other_shop.cashier.refresh_from_db()
    assert other_shop.cashier.password == before
    assert other_shop.cashier.name == "Rival.Cashier Person"
    assert signed_in(other_shop.cashier).get("/b/acme/enter/").status_code == 302
    assert "taken" in add(owner, shop, "rival.cashier").content.decode(), "not twice"


def test_a_colleague_elsewhere_whom_i_may_not_see_is_taken(shop, other_shop, owner):
    with business(other_shop.business):
        Membership.objects.create(user=shop.owner, role=other_shop.roles["Cashier"])
    assert "taken" in add(owner, shop, "rival.manager").content.decode()


# -- one person -------------------------------------------------------------------------------------


def test_detail_offers_what_may_be_done(shop, owner, manager):
    page = owner.get(url(shop, "Cashier")).content.decode()
    assert "Deactivate" in page and "New first password" in page
    page = manager.get(url(shop, "Owner")).content.decode()
    assert "Deactivate" not in page and "rights or locations that you do not" in page


def test_edit_changes_person_and_place(shop, manager):
    answer = manager.post(
        url(shop, "Cashier", "edit/"),
        {
            "name": "Carl",
            "email": "carl@example.com",
            "role": str(shop.roles["Viewer"].pk),
            "locations": [str(shop.market.pk)],
        },
    )
    assert answer.status_code == 302
    changed = member(shop, "Cashier")
    with business(shop.business):
        assert changed.location_ids == frozenset({shop.market.pk})
        entry = AuditEntry.objects.latest("pk")
    assert (changed.user.name, changed.role.name) == ("Carl", "Viewer")
    assert entry.changes["role"] == ["Cashier", "Viewer"]
    assert entry.changes["locations"] == [None, ["MK"]]
    assert "Carl" not in str(entry.changes)
    assert signed_in(shop.cashier).get("/b/acme/till/").status_code == 403


def test_saving_without_a_change_writes_nothing(shop, manager):
    data = {"name": "Acme.Cashier Person", "email": "acme.cashier@example.com"}
    before = acts(shop)
    manager.post(url(shop, "Cashier", "edit/"), data | place(shop, "Cashier"))
    assert acts(shop) == before


def test_deactivated_people_are_out_at_once_and_can_come_back(shop, owner, cashier):
    assert cashier.get("/b/acme/till/").status_code == 200
    assert owner.post(url(shop, "Cashier", "deactivate/")).status_code == 302
    assert not Session.objects.filter(user=shop.cashier).exists()
    assert cashier.get("/b/acme/till/")["Location"].startswith("/sign-in/")
    assert signed_in(shop.cashier).get("/b/acme/till/").status_code == 404
    owner.post(url(shop, "Cashier", "reactivate/"))
    assert signed_in(shop.cashier).get("/b/acme/till/").status_code == 200
    assert acts(shop)[:2] == ["user.reactivate", "user.deactivate"]


def test_a_new_first_password(shop, manager, cashier):
    answer = manager.post(url(shop, "Cashier", "password/"))
    password = found(r'class="once">([^<]+)<', answer.content.decode())
    assert cashier.get("/b/acme/till/")["Location"].startswith("/sign-in/")
    shop.cashier.refresh_from_db()
    assert shop.cashier.check_password(password) and shop.cashier.must_change_password
    assert acts(shop)[0] == "user.reset_password"


def test_an_account_that_opens_more_is_not_taken_over(shop, other_shop, manager):
    with business(other_shop.business):
        Membership.objects.create(
            user=shop.cashier, role=other_shop.roles["Owner"], is_active=False
        )
    page = manager.get(url(shop, "Cashier")).content.decode()
    assert "New first password" not in page and "own affair" in page
    manager.post(url(shop, "Cashier", "password/"))
    data = {"name": "Taken", "email": "over@example.com"}
    manager.post(url(shop, "Cashier", "edit/"), data | place(shop, "Viewer"))
    shop.cashier.refresh_from_db()
    assert shop.cashier.check_password(PASSWORD)
    assert (shop.cashier.name, shop.cashier.email) == (
        "Acme.Cashier Person",
        "acme.cashier@example.com",
    )
    assert member(shop, "Cashier").role.name == "Viewer"


def test_nor_that_of_who_runs_the_platform(shop, manager):
    User.objects.filter(pk=shop.cashier.pk).update(is_superuser=True)
    manager.post(url(shop, "Cashier", "password/"))
    shop.cashier.refresh_from_db()
    assert shop.cashier.check_password(PASSWORD)


# -- strangers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["", "edit/", "deactivate/", "reactivate/", "password/"])
def test_a_stranger_finds_nobody(shop, stranger, act):
    pk = member(shop, "Cashier").pk
    verb = stranger.get if act in {"", "edit/"} else stranger.post
    assert verb(f"/b/acme/people/{pk}/{act}").status_code == 404
    assert verb(f"/b/rival/people/{pk}/{act}").status_code == 404
    assert member(shop, "Cashier").is_active

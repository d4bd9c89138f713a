"""Staff pages: works, a colleague, a stranger, without the right; and nobody climbs."""

from __future__ import annotations

import contextlib
import re
import threading

import pytest
from django.db import connection, transaction
from django.test import Client

from accounts import people
from accounts.models import AuditEntry, Membership, Role, Session, User
from accounts.permissions import Permission
from tenants.context import business
from tenants.encryption import blind_index
from tenants.errors import Refused
from tests.accounts.reading import found
from tests.factories import PASSWORD, Shop, make_person, make_shop, signed_in


def member(shop: Shop, person: str) -> Membership:
    with business(shop.business), transaction.atomic():
        return Membership.objects.select_related("role", "user").get(user=shop.people[person])


def url(shop: Shop, person: str, act: str = "") -> str:
    return shop.url(f"people/{member(shop, person).pk}/{act}")


def place(shop: Shop, role: str, **fields) -> dict:
    return {"role": str(shop.roles[role].pk), "all_locations": "on", **fields}


def acts(shop: Shop) -> list[str]:
    with business(shop.business):
        return [entry.action for entry in AuditEntry.objects.exclude(action__startswith="stock")]


def limited(shop: Shop, *names: str) -> User:
    """Somebody at the market only, with the rights named and those of a cashier."""
    with business(shop.business):
        granted = {*shop.roles["Cashier"].granted, *(Permission(n) for n in names)}
        role = Role.objects.create(name=f"Limited {len(names)}", permissions=sorted(granted))
        return make_person("market.lead", role, locations=[shop.market])


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


def add(client: Client, shop: Shop, username: str = "new.person", role: str = "Cashier", **fields):
    data = {"username": username, "name": "Nora New", "email": "", **place(shop, role, **fields)}
    return client.post(shop.url("people/new/"), data)


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


# -- nobody climbs ----------------------------------------------------------------------------------


def test_nobody_gives_a_role_with_more_rights_than_their_own(shop, manager):
    for answer in (
        add(manager, shop, role="Owner"),
        manager.post(url(shop, "Cashier", "edit/"), place(shop, "Owner")),
        manager.post(url(shop, "Manager", "edit/"), place(shop, "Owner")),
    ):
        assert answer.status_code == 200
        assert "field-error" in answer.content.decode()
    assert member(shop, "Cashier").role.name == "Cashier"
    assert member(shop, "Manager").role.name == "Manager"


def test_the_domain_refuses_it_too(shop):
    actor = member(shop, "Manager")
    with business(shop.business):
        for role, is_owner in (("Owner", False), ("Cashier", True)):
            with pytest.raises(Refused) as refused:
                people.add_member(
                    actor=actor,
                    username="climber",
                    name="",
                    email="",
                    place=people.Place(shop.roles[role], is_owner, all_locations=True),
                )
            assert refused.value.code == "not_held"


def test_only_owners_make_owners(shop, owner, manager):
    manager.post(url(shop, "Cashier", "edit/"), place(shop, "Cashier", is_owner="on"))
    assert not member(shop, "Cashier").is_owner
    owner.post(url(shop, "Cashier", "edit/"), place(shop, "Cashier", is_owner="on"))
    assert member(shop, "Cashier").is_owner


@pytest.mark.parametrize("act", ["edit/", "password/"])
def test_nobody_touches_somebody_with_more_rights(shop, manager, act):
    before = User.objects.get(pk=shop.owner.pk).password
    manager.post(url(shop, "Owner", act), place(shop, "Cashier", name="Gone"))
    after = member(shop, "Owner")
    assert (after.user.password, after.user.name) == (before, "Acme.Owner Person")
    assert (after.role.name, after.is_owner) == ("Owner", True)


def test_an_owner_with_few_rights_is_still_an_owner(shop, manager):
    with business(shop.business):
        Membership.objects.filter(user=shop.cashier).update(is_owner=True)
    manager.post(url(shop, "Cashier", "password/"))
    shop.cashier.refresh_from_db()
    assert shop.cashier.check_password(PASSWORD)


def test_nobody_gives_locations_that_they_do_not_have(shop):
    lead = limited(shop, "user.view", "user.create", "user.update")
    client = signed_in(lead)
    role = str(shop.roles["Cashier"].pk)
    for fields in ({"all_locations": "on"}, {"locations": [str(shop.high_street.pk)]}):
        data = {"username": "elsewhere", "role": role, **fields}
        assert client.post("/b/acme/people/new/", data).status_code == 200
        assert not User.objects.filter(pk__gt=lead.pk).exists()
    data = {"username": "here", "role": role, "locations": [str(shop.market.pk)]}
    assert "First password" in client.post("/b/acme/people/new/", data).content.decode()


def test_nobody_changes_somebody_who_works_in_more_places(shop):
    client = signed_in(limited(shop, "user.view", "user.update"))
    answer = client.post(url(shop, "Cashier", "password/"))
    assert answer.status_code == 302
    shop.cashier.refresh_from_db()
    assert shop.cashier.check_password(PASSWORD)


# -- somebody stays in charge -----------------------------------------------------------------------


def test_the_last_owner_stays(shop, owner):
    data = {"name": "Same", "role": str(shop.roles["Owner"].pk), "all_locations": "on"}
    answer = owner.post(url(shop, "Owner", "edit/"), data)
    assert "At least one active owner" in answer.content.decode()
    data |= {"role": str(shop.roles["Cashier"].pk), "is_owner": "on"}
    answer = owner.post(url(shop, "Owner", "edit/"), data)
    assert "At least one active owner" in answer.content.decode()
    owner.post(url(shop, "Owner", "deactivate/"))
    still = member(shop, "Owner")
    assert (still.is_owner, still.is_active, still.role.name) == (True, True, "Owner")
    assert still.user.name == "Acme.Owner Person"


def test_with_a_second_owner_the_first_may_go(shop, owner):
    owner.post(url(shop, "Manager", "edit/"), place(shop, "Owner", is_owner="on"))
    second = signed_in(shop.manager)
    assert second.post(url(shop, "Owner", "deactivate/")).status_code == 302
    assert not member(shop, "Owner").is_active
    second.post(url(shop, "Manager", "deactivate/"))
    assert member(shop, "Manager").is_active


@pytest.mark.postgres
def test_two_owners_do_not_remove_each_other_at_once(committed_db, monkeypatch):
    with transaction.atomic():
        shop = make_shop("acme")
    with business(shop.business), transaction.atomic():
        Membership.objects.filter(user=shop.manager).update(is_owner=True, role=shop.roles["Owner"])
    names = ["Owner", "Manager"]
    together, refused = threading.Barrier(2), []
    set_active = people._set_active

    def meet(*args, **kwargs) -> None:
        """Without the lock both are here at once; with it the first waits in vain."""
        set_active(*args, **kwargs)
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(timeout=1)

    monkeypatch.setattr(people, "_set_active", meet)

    def remove(one: str, other: str) -> None:
        actor, target = member(shop, one), member(shop, other)
        with business(shop.business):
            try:
                people.deactivate_member(actor=actor, member=target)
            except Refused as error:
                refused.append(error.code)
        connection.close()

    threads = [
        threading.Thread(target=remove, args=(one, two)) for one, two in (names, names[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["last_owner"]


# -- strangers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["", "edit/", "deactivate/", "reactivate/", "password/"])
def test_a_stranger_finds_nobody(shop, stranger, act):
    pk = member(shop, "Cashier").pk
    verb = stranger.get if act in {"", "edit/"} else stranger.post
    assert verb(f"/b/acme/people/{pk}/{act}").status_code == 404
    assert verb(f"/b/rival/people/{pk}/{act}").status_code == 404
    assert member(shop, "Cashier").is_active

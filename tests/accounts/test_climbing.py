"""Nobody gives or takes more than they hold, and somebody stays in charge."""

from __future__ import annotations

import contextlib
import threading

import pytest
from django.db import connection, transaction

from accounts import people
from accounts.models import Membership, User
from tenants.context import business
from tenants.errors import Refused
from tests.accounts.people import add, limited, member, place, url
from tests.factories import PASSWORD, make_shop, signed_in

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

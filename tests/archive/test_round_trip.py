"""Out of one installation and into another: the same file, the same books, the same reports."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.files.storage import default_storage
from django.db import transaction

from accounts.access import token_hash
from accounts.models import Device, Membership, Role, User
from archive.importing import ImportRefused, import_export
from archive.validation import read_export
from archive.verify import check_books
from inventory.catalogue import search_text
from inventory.models import LocationPrice, Product, SearchWord, StockLevel, Variation
from inventory.words import words_of
from reports.queries import best_sellers, figures, low_stock
from sales import credit
from sales.models import CreditAccount, Register, Sale, Shift
from tenants.context import business
from tenants.models import Business, Location
from tests.archive.exports import stalls, write
from tests.archive.moving import everything
from tests.archive.rich import bring, elsewhere, picture, rich, taken
from tests.factories import PASSWORD, Shop, make_shop
from tests.sales.selling import sell

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


# Made once, because it takes long.
_FILE: list[bytes] = []


@pytest.fixture
def file(tmp_path: Path, media: Path) -> Path:
    """A rich shop and a plain one, with somebody who works in both, from another installation."""
    path = tmp_path / "both.json"
    if not _FILE:
        with elsewhere():
            shop, rival = rich("acme"), make_shop("rival")
            with business(rival.business):
                Membership.objects.create(user=shop.manager, role=rival.roles["Viewer"])
            _FILE.append(taken(path))
        assert not Business.objects.exists()
    path.write_bytes(_FILE[0])
    return path


def arrived() -> Any:
    return business(Business.objects.get(slug="acme"))


def test_the_same_file_comes_out_again(file: Path, tmp_path: Path) -> None:
    moved = bring(file)
    assert [(one.slug, one.created) for one in moved] == [("acme", True), ("rival", True)]
    again = taken(tmp_path / "again.json")
    assert again == file.read_bytes()
    assert taken(tmp_path / "twice.json") == again


def test_a_file_of_another_system_comes_out_the_same_twice(tmp_path: Path) -> None:
    with elsewhere():
        bring(write(tmp_path, stalls()))
        first = taken(tmp_path / "first.json")
    bring(tmp_path / "first.json")
    assert taken(tmp_path / "second.json") == first


def test_the_books_are_right_and_selling_goes_on(file: Path) -> None:
    bring(file)
    with arrived():
        assert check_books() == []
        register = Register.objects.get(prefix="ACM1")
        assert (register.sale_counter, register.void_counter, register.chain_length) == (4, 1, 5)
        open_shift = Shift.objects.get(closed_at=None)
        assert open_shift.register.prefix == "ACMM"
        shop = _shop()
        sale = sell(shop, (shop.tea, "1"), register=open_shift.register, user=shop.manager)
        assert (sale.number, sale.chain_index) == ("ACMM-000001", 1)
        assert check_books() == []


def _shop() -> Shop:
    """Of what has arrived, so much as a sale needs."""
    people = {
        name: User.objects.get_by_natural_key(f"acme.{name}") for name in ("owner", "manager")
    }
    tea = Variation.objects.get(sku="TEA")
    register = Register.objects.get(prefix="ACM1")
    values = dict.fromkeys(Shop.__dataclass_fields__)
    values |= {"business": Business.objects.get(slug="acme"), "tea": tea, "register": register}
    return Shop(**values | people)  # type: ignore[arg-type]


def test_reports_show_the_same(file: Path, tmp_path: Path) -> None:
    def told() -> Any:
        with arrived():
            today = max(Sale.objects.values_list("business_date", flat=True))
            shown = figures(today=today)
            sellers = [
                [(one.name, one.revenue, one.quantity) for one in best]
                for best in best_sellers(today=today)
            ]
            old = figures(today=date(2010, 12, 2))
            low = low_stock(Location.objects.all(), limit=50)
            stock = sorted((str(one.variation), one.location.code, one.quantity) for one in low)
            return shown, old.days[-2:], sellers, stock

    with elsewhere():
        rich("acme")
        before = told()
        taken(tmp_path / "rich.json")
    bring(tmp_path / "rich.json")
    after = told()
    assert after == before
    assert before[0].today.now.total > 0 and before[1][0][1].total == Decimal("2.55")


def test_a_second_run_changes_nothing(file: Path, tmp_path: Path) -> None:
    bring(file)
    before, rows = taken(tmp_path / "before.json"), everything()
    moved = bring(file)
    assert not any(c.created or c.changed for one in moved for c in one.counts.values())
    assert moved[0].counts["sales"].same == 7
    assert everything() == rows
    assert taken(tmp_path / "after.json") == before


def test_what_was_sold_later_stays_out_and_is_said(file: Path, tmp_path: Path) -> None:
    with elsewhere():
        bring(file)
        with arrived():
            shop = _shop()
            market = Register.objects.get(prefix="ACMM")
            sell(shop, (shop.tea, "1"), register=market, user=shop.manager)
        taken(tmp_path / "later.json")
    bring(file)
    notes = bring(tmp_path / "later.json")[0].notes
    assert any("1 more rows of sales" in note for note in notes)
    with arrived():
        assert Sale.objects.count() == 7
        assert check_books() == []


def test_a_dry_run_writes_nothing_and_says_what_it_would(file: Path, media: Path) -> None:
    rows, pictures = everything(), len(list(media.rglob("*.webp")))
    moved = bring(file, dry_run=True)
    counts = {name: c.created for name, c in moved[0].counts.items()}
    assert (counts["sales"], counts["pictures"], counts["creditEntries"]) == (7, 1, 2)
    assert everything() == rows
    assert len(list(media.rglob("*.webp"))) == pictures


def test_beside_another_under_new_ids(file: Path) -> None:
    bring(file)
    with arrived():
        ids = set(Sale.objects.values_list("pk", flat=True))
    moved = bring(file, only="acme", rename="Acme, a copy")
    assert moved[0].slug == "acme-a-copy"
    with business(Business.objects.get(slug="acme-a-copy")):
        assert check_books() == []
        assert Sale.objects.count() == len(ids)
        assert not ids & set(Sale.objects.values_list("pk", flat=True))
        owner = Membership.objects.get(is_owner=True).user
        assert owner.username == "acme.owner.acme-a-copy"
    assert any("acme.owner" in note for note in moved[0].notes)


def test_one_of_several(file: Path) -> None:
    assert [one.slug for one in bring(file, only="Rival")] == ["rival"]
    with business(Business.objects.get()):
        assert check_books() == []


def test_people_roles_and_passwords(file: Path) -> None:
    bring(file)
    assert authenticate(username="acme.cashier", password=PASSWORD) is not None
    with arrived():
        viewer = Role.objects.get(name="Viewer")
        assert viewer.permissions == ["sell.view", "warp.drive"]
        assert viewer.description == "Looks on"
        members = {m.user.username: m for m in Membership.objects.select_related("user")}
        assert not members["acme.viewer"].is_active
        assert members["acme.accountant"].location_ids == frozenset()
        lee = members["lee"]
        assert lee.user.name == "Lee  Stall "
        assert [link.location.code for link in lee.location_links.all()] == ["MK"]
        # Who is gone signs what they sold, and nothing else.
        former = Sale.objects.filter(register__is_history=True)[0].operator
        assert (former.username, former.has_usable_password()) == ("acme.former", False)
        assert "acme.former" not in members and not former.is_active
    with business(Business.objects.get(slug="rival")):
        both = Membership.objects.get(user=members["acme.manager"].user)
        assert both.role.name == "Viewer"
    assert not User.objects.filter(is_superuser=True).exists()


def test_nobody_runs_the_platform_by_a_file(tmp_path: Path) -> None:
    with elsewhere():
        shop = make_shop("acme")
        User.objects.filter(pk=shop.owner.pk).update(is_superuser=True)
        taken(tmp_path / "x.json")
    bring(tmp_path / "x.json")
    assert not User.objects.get_by_natural_key("acme.owner").is_superuser


def test_devices_come_without_their_tokens(file: Path) -> None:
    assert json.loads(file.read_text())["devices"][0].keys() == {
        "id", "businessId", "name", "locationId", "userId", "lastSeenAt", "revokedAt", "createdAt",
    }  # fmt: skip
    moved = bring(file)
    assert any("connect them anew" in note for note in moved[0].notes)
    with arrived():
        device = Device.objects.get()
        assert Register.objects.get(prefix="ACM1").device == device
        assert len(device.token_hash) == len(token_hash("any"))


def test_catalogue_prices_and_pictures(file: Path) -> None:
    bring(file)
    with arrived():
        kitchen = Product.objects.get(name="Blue mug").category
        assert kitchen.parent.name == "Home"
        # A name that single products have in other systems is kept where it is a name.
        assert [v.name for v in Variation.objects.filter(product__name="Default")] == [""]
        coded = Variation.objects.get(sku="000123")
        assert [code.code for code in coded.barcodes.all()] == ["0012345678905"]
        for variation in Variation.objects.select_related("product__brand"):
            assert variation.search_text == search_text(variation)
            words = SearchWord.objects.filter(variation=variation)
            assert set(words.values_list("word", flat=True)) == words_of(variation.search_text)
        prices = LocationPrice.objects.order_by("price").values_list("price", "location__code")
        assert list(prices) == [(Decimal("1.25"), "MK"), (Decimal("4.50"), "HS")]
        mug = Product.objects.get(name="Blue mug")
        with mug.image.open() as stored:
            assert stored.read() == picture()


def test_credit_can_be_spent_on(file: Path) -> None:
    bring(file)
    with arrived(), transaction.atomic():
        account = CreditAccount.objects.get()
        assert (account.balance, account.next_expiry) == (Decimal("7.01"), date(2099, 1, 31))
        entry = credit.correct(
            actor=User.objects.get_by_natural_key("acme.owner"),
            customer=account.customer,
            amount=Decimal(-7),
            reason="Paid out",
            request_id=account.customer.pk,
        )
        assert entry.balance == Decimal("0.01")
        assert check_books() == []


def test_levels_come_from_movements(file: Path) -> None:
    data = json.loads(file.read_text())
    assert data["stock"] and data["movements"]
    bring(file)
    with arrived():
        level = StockLevel.objects.get(variation__sku="MUG-1")
        assert level.quantity == 6
        kinds = list(level.movements.order_by("pk").values_list("kind", "balance"))
        assert kinds == [("opening", 10), ("sale", 8), ("sale", 7), ("correction", 6)]


def test_a_voided_sale_cannot_be_voided_again(file: Path) -> None:
    bring(file)
    with arrived():
        sale = Sale.objects.get(number="ACM1-000002")
        assert sale.reversals.get().number == "ACM1-V000001"


def test_what_the_database_refuses_is_no_stack_trace(
    file: Path, monkeypatch: pytest.MonkeyPatch, media: Path
) -> None:
    rows, pictures = everything(), len(list(media.rglob("*.webp")))

    def twice(move: Any, typed: Any, stored: list[str]) -> None:
        _pictures(move, typed, stored)
        Role.objects.create(name="Owner")

    import archive.import_books as books

    _pictures = books._bring_pictures
    monkeypatch.setattr(books, "_bring_pictures", twice)
    with pytest.raises(ImportRefused, match="refused a row"):
        bring(file)
    assert everything() == rows
    assert len(list(media.rglob("*.webp"))) == pictures


@pytest.mark.parametrize("spoil", ["cut", "changed"])
def test_a_file_that_changes_after_it_was_checked(file: Path, spoil: str) -> None:
    export, rows, text = read_export(file), everything(), file.read_text()
    file.write_text(
        text[:-500] if spoil == "cut" else text.replace('"unitCost":"', '"unitCost":"x')
    )
    with pytest.raises(ImportRefused, match="Nothing was imported"):
        import_export(export)
    assert everything() == rows


def test_interrupted_it_leaves_nothing(file: Path, media: Path) -> None:
    rows, pictures = everything(), len(list(media.rglob("*.webp")))

    def stop(done: int, total: int) -> None:
        if done >= total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(file, progress=stop)
    assert everything() == rows
    assert len(list(media.rglob("*.webp"))) == pictures
    bring(file)
    with arrived():
        assert default_storage.exists(str(Product.objects.exclude(image="").get().image))

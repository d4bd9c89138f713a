"""A shop in which there is one of everything that can be taken along."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from PIL import Image

from accounts.models import Membership, Role, User
from archive.exporting.form import chained
from archive.exporting.writing import export_all
from archive.importing import Moved, import_export
from archive.remembered import reference
from archive.validation import read_export
from inventory import ledger, pictures
from inventory.models import Brand, Category, LocationPrice, StockDocument, Unit
from purchasing.models import Supplier
from sales.cash import Kind, Reason
from sales.history import PastDocument, PastLine, PastPayment, history_register, post_history
from sales.models import Payment, Sale, Shift
from sales.shifts import close_shift, expected_cash
from tenants.context import business
from tenants.models import Business
from tests.factories import Shop, make_device, make_person, make_product, make_shift, make_shop
from tests.sales.crediting import asking, do, grant
from tests.sales.moving_cash import move, read_z, undo
from tests.sales.selling import fixed, market_shift, percent, sell, void

Change = Callable[[dict[str, Any]], object]


def picture() -> bytes:
    """As `pictures.redrawn` leaves them."""
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (200, 30, 30)).save(out, "WEBP", quality=82, method=4)
    return out.getvalue()


def rich(slug: str = "acme") -> Shop:
    shop = make_shop(slug)
    device, _token = make_device(shop)
    with business(shop.business), transaction.atomic():
        _people(shop)
        _catalogue(shop)
        shop.register.device = device
        shop.register.save()
        _sales(shop)
        _history(shop)
    return shop


def _people(shop: Shop) -> None:
    Role.objects.filter(name="Viewer").update(
        permissions=["sell.view", "warp.drive"], description="Looks on"
    )
    lee = make_person("lee", shop.roles["Cashier"], locations=[shop.market])
    lee.name = "Lee  Stall "
    lee.save()
    gone = Membership.objects.get(user=shop.people["Viewer"])
    gone.is_active = False
    gone.save()
    # Places are named, and there are none.
    nowhere = Membership.objects.get(user=shop.people["Accountant"])
    nowhere.all_locations = False
    nowhere.save()
    for name in ("17850", "9"):
        reference("online-retail", name, shop.customer.pk, "f").save()
    Supplier.objects.create(name="Potters", phone="0123", address="1 Kiln Lane\nStoke")
    shop.market.address = "Square 3\nDelft"
    shop.market.own_time_zone = "Asia/Tokyo"
    shop.market.receipt_footer = "Come again"
    shop.market.save()


def _catalogue(shop: Shop) -> None:
    # The one above is younger than the one inside it.
    Category.objects.filter(pk=shop.category.pk).update(parent=Category.objects.create(name="Home"))
    brand = Brand.objects.create(name="Brown Betty", is_active=False)
    Unit.objects.create(name="Dozen", short_name="dz", base_unit=shop.piece, factor=Decimal(12))
    make_product("=Formula", sku="000123", barcode="0012345678905", brand=brand, price="1.00")
    make_product("Default", sku="-5", is_active=False, alert_quantity=Decimal("2.5"))
    product = shop.mug.product
    pictures.attach(product, picture())
    product.save()


def _sales(shop: Shop) -> None:
    shift = make_shift(shop)
    sell(shop, (shop.mug, "2", percent(10)), (shop.tea, "0.35"), cash="50.00", customer=True)
    first = sell(shop, (shop.wrapping, "1"), card="1.50", discount=None)
    sell(shop, (shop.mug, "1"), discount=fixed("0.50"))
    void(shop, first)
    grant(shop, "20.00", until=date(2099, 1, 31))
    do(shop, asking(shop, (shop.tea, "1"), pay=[(Payment.Method.CREDIT, "12.99")]))
    ledger.correct(
        actor=shop.owner,
        location=shop.high_street,
        reason=StockDocument.Reason.DAMAGED,
        changes={shop.mug.pk: Decimal(-1)},
        note="Fell down",
    )
    _cash(shop, shift)
    counted = expected_cash(shift) - Decimal("0.05")
    close_shift(actor=shop.cashier, shift=shift, counted_cash=counted, note="Counted twice")
    read_z(shop)
    market_shift(shop)
    LocationPrice.objects.create(
        variation=shop.mug, location=shop.high_street, price=Decimal("4.50")
    )
    LocationPrice.objects.create(
        variation=shop.wrapping, location=shop.market, price=Decimal("1.25")
    )


def _cash(shop: Shop, shift: Shift) -> None:
    """One of each kind, and one that was a mistake."""
    move(shop, shift, Kind.IN, "40.00", note="From the bank")
    wrong = move(shop, shift, Kind.OUT, "12.34", reason=Reason.SUPPLIER)
    move(shop, shift, Kind.OPEN)
    undo(shop, wrong)
    move(shop, shift, Kind.DROP, "30")


def _history(shop: Shop) -> None:
    """Signed by somebody who does not work here any more."""
    former = User.objects.create_user(f"{shop.business.slug}.former", "secret", name="Fay Former")
    register, shift = history_register(shop.high_street, by=former)
    documents = [
        _past(shop, shift.pk, former, "536365", Sale.Kind.SALE, "2.5500", 1),
        _past(shop, shift.pk, former, "C536379", Sale.Kind.RETURN, "-27.5000", 2),
    ]
    post_history(documents, register=register)


def _past(
    shop: Shop, shift: Any, user: User, number: str, kind: str, total: str, day: int
) -> PastDocument:
    amount = Decimal(total)
    quantity = Decimal(1 if amount > 0 else -1)
    line = PastLine(
        1, shop.mug.pk, "WHITE MUG", "85123A", quantity, abs(amount), amount, amount, Decimal(0),
        amount,
    )  # fmt: skip
    return PastDocument(
        number=number,
        kind=kind,
        shift_id=shift,
        operator_id=user.pk,
        sold_at=datetime(2010, 12, day, 8, 26, 0, 123456, UTC),
        business_date=date(2010, 12, day),
        currency="EUR",
        item_count=quantity,
        subtotal=amount,
        discount=Decimal(0),
        net=amount,
        tax=Decimal(0),
        total=amount,
        lines=[line],
        payments=[PastPayment(1, "other", amount, amount)],
        request_hash="1" * 64,
    )


# -- out and in again -----------------------------------------------------------------------------


def taken(path: Path, *only: Business) -> bytes:
    """The file of all businesses, or of these."""
    with path.open("wb") as file:
        export_all(file, list(only or Business.objects.all()), secrets=True)
    return path.read_bytes()


@contextmanager
def elsewhere() -> Iterator[None]:
    """What is made in the block is not there after it: as if on another installation."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def changed(path: Path, *changes: Change) -> Path:
    """The same file with something else in it; chains of sales are made good again."""
    data = json.loads(path.read_bytes())
    for change in changes:
        change(data)
    marks: dict[int, str] = {}
    for row in data["sales"]:
        if row["hash"] != "broken":
            row["hash"] = chained(marks.get(row["registerId"], ""), row)
        marks[row["registerId"]] = row["hash"]
    path.write_text(json.dumps(data))
    return path


def bring(path: Path, **options: Any) -> list[Moved]:
    return import_export(read_export(path), **options)


def faults(path: Path) -> list[str]:
    return [str(fault) for fault in read_export(path).faults]

"""A shop with at least one row in every table, half of them at each of its two locations."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import models

from accounts.access import token_hash
from accounts.approvals import approve
from accounts.devices import Reach, create_device, create_program
from accounts.models import Device, Membership, User
from accounts.operators import sign_in
from accounts.permissions import Permission
from accounts.pins import set_pin, try_pin
from archive.files import store
from archive.jobs import ask
from archive.models import BatchPart, Departure, ImportBatch, Job, SavedMapping
from inventory.ledger import correct, set_opening
from inventory.models import Brand, Category, LocationPrice, PictureFile, StockDocument, Unit
from purchasing.models import Supplier
from reports.folding import fold
from sales.cash import Kind, MovementRequest, Reason, move_cash
from sales.models import Register
from sales.readings import take_z
from sales.series import make_series
from sales.shifts import close_shift, open_shift
from sales.terminals import invite
from tenants.checks import tenant_models
from tenants.context import business
from tenants.ids import uuid7
from tenants.models import Business, ExternalReference, Location
from tests.factories import Shop, make_person, make_shop
from tests.metering.using import keep_credits
from tests.sales.crediting import grant
from tests.sales.offline_sales import offline_body, offline_line
from tests.sales.reviewing import hand_in
from tests.sales.selling import sell, void
from webhooks.endpoints import add_test, create_endpoint


@dataclass
class Furnished:
    """A shop, and the rows of its tables that stand in for each."""

    shop: Shop
    token: str
    # One row of each model; `at_market` those of the market alone, where there are such.
    rows: dict[type[models.Model], Any] = field(default_factory=dict)
    at_market: dict[type[models.Model], Any] = field(default_factory=dict)

    def url(self, path: str) -> str:
        return self.shop.url(path)


def furnish(slug: str) -> Furnished:
    shop = make_shop(slug)
    with business(shop.business):
        make_person(f"{slug}.confined", shop.roles["Manager"], locations=[shop.high_street])
        owner = Membership.objects.select_related("role", "user").get(user=shop.owner)
        brand = Brand.objects.create(name=f"Brand of {slug}")
        shop.mug.product.brand = brand
        shop.mug.product.save()
        PictureFile.objects.create(name=f"products/{slug}/cup.webp", data=slug.encode())
        Category.objects.create(name="Cups", parent=shop.category)
        Unit.objects.create(name="Box", short_name="bx", base_unit=shop.piece, factor=Decimal(12))
        Supplier.objects.create(name=f"Supplier of {slug}", email=f"supplier@{slug}.example")
        ExternalReference.objects.create(
            source="export", table="products", external_id="1", object_id=str(shop.mug.product_id)
        )
        grant(shop, "10", reason=f"Credit of {slug}")
        set_opening(actor=shop.owner, location=shop.market, quantities={shop.mug.pk: Decimal(5)})
        token = ""
        for place in (shop.high_street, shop.market):
            LocationPrice.objects.create(variation=shop.tea, location=place, price=Decimal(12))
            device, token_here = create_device(
                actor=owner, membership=owner, location=place, name=f"Tablet of {place.code}"
            )
            token = token or token_here
            register = shop.register
            if place == shop.market:
                register = Register.objects.create(name="Stall", location=place, prefix="MKT")
            _trade(shop, register, device)
        _at_devices(shop, owner)
        _archive(shop, owner)
        _webhooks(owner)
        fold()
        keep_credits(shop, Device.objects.filter(location=shop.high_street)[0])
        return _collect(Furnished(shop, token))


def _archive(shop: Shop, owner: Membership) -> None:
    """A file, an import that was made with it, a mapping, a job with a file, a departure."""
    name = shop.business.slug
    brought = store(f"{name}.csv", [b"Name;Price\nCup;3\n"], by=shop.owner)
    made = store(f"{name}.json.gz", [b"made"], by=shop.owner)
    job = ask("export.data", by=owner, options={}, file=made)
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, result={"file": str(made.pk)})
    batch = ImportBatch.objects.create(
        kind=ImportBatch.Kind.PRODUCTS,
        file_name=brought.name,
        file_hash=brought.sha256,
        file=brought,
        job=job,
        created_by=shop.owner,
        options={"read": {}, "chosen": {}},
    )
    BatchPart.objects.create(batch=batch, number=0, table="brand", action="created", data=[])
    SavedMapping.objects.create(
        kind=batch.kind, name=f"List of {name}", mapping={"columns": {"name": "Name"}}
    )
    Departure.objects.create(
        keep_months=1, reason=f"{name} closes", asked_by=shop.owner, delete_after=batch.created_at
    )


def _webhooks(owner: Membership) -> None:
    """An endpoint that nobody answers at, and a message that waits for it."""
    endpoint, _secret = create_endpoint(
        actor=owner, name="Bookkeeping", url="http://127.0.0.1:9/hook", kinds=["sale.completed"]
    )
    add_test(actor=owner, endpoint=endpoint)


def _at_devices(shop: Shop, owner: Membership) -> None:
    """A key for a program, a code, PINs right and wrong, somebody signed in, and an approval."""
    reach = Reach(frozenset({Permission.PRODUCT_VIEW}), (shop.high_street, shop.market))
    create_program(actor=owner, name=f"Web shop of {shop.business.slug}", reach=reach)
    set_pin(actor=owner, member=owner, pin="274951")
    for place in (shop.high_street, shop.market):
        register = Register.objects.get(location=place)
        invite(actor=owner, register=register, membership=owner, name=f"Tablet at {place.code}")
        device = Device.objects.get(location=place)
        sign_in(device=device, member=owner, pin="274951")
        approve(
            operator=owner,
            device=device,
            location=place,
            approver=owner,
            pin="274951",
            permissions=[Permission.SELL_VOID],
        )
    try_pin(member=owner, pin="0", place="elsewhere")


def _trade(shop: Shop, register: Register, device: Device) -> None:
    """An open and a closed shift, a sale, a void and a correction at the register."""
    first = open_shift(actor=shop.owner, register=register, opening_float=Decimal(10))
    sell(shop, (shop.mug, "1"), user=shop.owner, register=register, customer=True, card="5.00")
    sale = sell(shop, (shop.mug, "1"), user=shop.owner, register=register)
    void(shop, sale)
    owner = Membership.objects.select_related("role", "user").get(user=shop.owner)
    paid = MovementRequest(
        uuid7(), first.pk, Kind.IN, Decimal(5), Reason.OTHER, f"Change for {shop.business.slug}"
    )
    move_cash(actor=owner, request=paid)
    close_shift(actor=shop.owner, shift=first, counted_cash=Decimal(10), note="counted")
    take_z(actor=owner, reading_id=uuid7(), register=register)
    open_shift(actor=shop.owner, register=register, opening_float=Decimal(10))
    series = make_series(register=register, device=device)
    for unit_price, counter in (("4.00", 1), ("5.00", 2)):
        line = offline_line(shop.mug, unit_price=unit_price)
        number = f"{register.prefix}-{series.code}{counter:06d}"
        body = offline_body(shop, line, total="4.00", register=str(register.pk), number=number)
        # One is recorded with a remark, the other's sums are wrong: it is held.
        hand_in(shop, {**body, "note": f"Note of {shop.business.slug}"}, device=device)
    correct(
        actor=shop.owner,
        location=register.location,
        reason=StockDocument.Reason.FOUND,
        changes={shop.mug.pk: Decimal(1)},
        note="behind the shelf",
    )


def _collect(furnished: Furnished) -> Furnished:
    for model in tenant_models():
        rows = model._default_manager.order_by("pk")
        furnished.rows[model] = rows.first()
        assert furnished.rows[model] is not None, f"furnish() makes no {model.__name__}"
        names = {one.name for one in model._meta.concrete_fields}
        market = furnished.shop.market
        if model is Location:
            furnished.at_market[model] = market
        elif "location" in names:
            furnished.at_market[model] = rows.filter(location=market).first()
        elif "register" in names:
            furnished.at_market[model] = rows.filter(register__location=market).first()
        elif "shift" in names:
            furnished.at_market[model] = rows.filter(shift__register__location=market).first()
        elif "level" in names:
            furnished.at_market[model] = rows.filter(level__location=market).first()
    return furnished


def fingerprint(furnished: Furnished, *, without: Collection[type[models.Model]] = ()) -> str:
    """A hash over every row of the business, its people and itself."""
    digest = hashlib.sha256()
    with business(furnished.shop.business):
        for model in tenant_models():
            if model in without:
                continue
            for row in model._default_manager.order_by("pk").values_list():
                digest.update(repr(row).encode())
        people = Membership.objects.values_list("user_id", flat=True)
        for row in User.objects.filter(pk__in=list(people)).order_by("pk").values_list():
            digest.update(repr(row).encode())
        mine = Business.objects.filter(pk=furnished.shop.business.pk)
        digest.update(repr(list(mine.values_list())).encode())
    return digest.hexdigest()


def with_known_token(furnished: Furnished) -> str:
    """The bearer header of the shop's first terminal."""
    with business(furnished.shop.business):
        assert Device.objects.filter(token_hash=token_hash(furnished.token)).exists()
    return f"Bearer {furnished.token}"

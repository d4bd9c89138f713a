"""Changes to a shop at random, each by one of the product's own ways."""

from __future__ import annotations

import io
import random
from collections import Counter
from decimal import Decimal
from typing import Any

from archive.products.importing import import_products, undo_import
from inventory import ledger
from inventory.models import Barcode, LocationPrice, Product, StockDocument, TaxRate, Variation
from sales.models import Customer
from tests.factories import Shop, signed_in
from tests.sync.conftest import at_work


class Changes:
    """Every method that is no helper's is one way; each is committed by itself."""

    def __init__(self, shop: Shop, seed: int = 7) -> None:
        self.shop, self.dice = shop, random.Random(seed)
        self.admin = signed_in(shop.owner)
        self.batches: list[Any] = []
        self.short_lived: list[Product] = []
        with at_work(shop):
            rows = Variation.objects.filter(sku__startswith="SKU").order_by("pk")
            self.ids: list[Any] = list(rows.values_list("pk", "product_id"))

    def make(self, count: int) -> Counter[str]:
        """So many, every way at least once when there are enough; how many of each."""
        ways = [
            self.price, self.rename, self.place, self.no_place, self.stock, self.customer,
            self.tax, self.code, self.product, self.no_product, self.bring, self.take_back,
            self.by_admin,
        ]  # fmt: skip
        done: Counter[str] = Counter()
        for number in range(count):
            way = ways[number] if number < len(ways) else self.dice.choice(ways)
            with at_work(self.shop):
                way()
            done[way.__name__] += 1
        return done

    def _any(self) -> tuple[Any, Any]:
        found: tuple[Any, Any] = self.dice.choice(self.ids)
        return found

    def price(self) -> None:
        rows = Variation.objects.filter(pk=self._any()[0])
        rows.update(price=Decimal(self.dice.randrange(999)))

    def rename(self) -> None:
        product = Product.objects.get(pk=self._any()[1])
        product.name += "!"
        product.save()

    def place(self) -> None:
        LocationPrice.objects.update_or_create(
            variation_id=self._any()[0],
            location=self.dice.choice((self.shop.high_street, self.shop.market)),
            defaults={"price": Decimal(self.dice.randrange(99))},
        )

    def no_place(self) -> None:
        LocationPrice.objects.filter(
            pk__in=list(LocationPrice.objects.values_list("pk", flat=True)[:1])
        ).delete()

    def stock(self) -> None:
        ledger.correct(
            actor=self.shop.owner,
            location=self.dice.choice((self.shop.high_street, self.shop.market)),
            reason=StockDocument.Reason.FOUND,
            changes={self._any()[0]: Decimal(3)},
        )

    def customer(self) -> None:
        if self.dice.random() < 0.5:
            Customer.objects.create(name="New", phone=f"+31 {self.dice.randrange(10**8)}")
        else:
            row = self.dice.choice(list(Customer.objects.all()))
            row.is_active = not row.is_active
            row.save()

    def tax(self) -> None:
        TaxRate.objects.update(rate=Decimal(self.dice.randrange(30)))

    def code(self) -> None:
        Barcode.objects.filter(variation=self._any()[0]).delete()

    def product(self) -> None:
        row = Product.objects.create(name="Short-lived")
        made = Variation.objects.create(product=row, sku=f"S{self.dice.randrange(10**9)}")
        Barcode.objects.create(variation=made, code=f"{self.dice.randrange(10**12):012}")
        self.short_lived.append(row)

    def no_product(self) -> None:
        if self.short_lived:
            self.short_lived.pop().delete()

    def bring(self) -> None:
        """An import of some products with stock."""
        lines = [f"Brought {n},B-{self.dice.randrange(10**9)},3.5,{n}" for n in range(20)]
        text = "\n".join(["Name,SKU,Price,Stock", *lines, ""]).encode()
        options = {"location": "HS"}
        self.batches.append(
            import_products(
                io.BytesIO(text), name="p.csv", mapping=None, options=options, actor=self.shop.owner
            )
        )

    def take_back(self) -> None:
        if self.batches:
            undo_import(self.batches.pop(), actor=self.shop.owner)

    def by_admin(self) -> None:
        answer = self.admin.post(
            self.shop.url(f"admin/inventory/taxrate/{self.shop.tax.pk}/change/"),
            {"name": f"Tax {self.dice.random()}", "rate": "21", "is_active": "on"},
        )
        assert answer.status_code == 302, answer.content

"""The form of a product, and the rows of its variations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.forms.fields import (
    CategoryField,
    NumberInput,
    Quiet,
    live,
    money_field,
    quantity_field,
    whole_unless,
)
from inventory.models import Barcode, Brand, Category, Product, TaxRate, Unit, Variation
from inventory.pictures import most_mb, redrawn
from inventory.products import Row
from tenants.context import current
from tenants.formats import money
from tenants.forms import TenantModelForm
from tenants.models import Location

ZERO = Decimal(0)
# Above it, and above a hundred times the cost, a price is more often a slip than a price.
VERY_HIGH = Decimal(1_000_000)
VERY_MANY_TIMES = 100
MOST_ROWS = 200


@dataclass(frozen=True)
class Rights:
    """What the person may see and set beside the product itself."""

    cost: bool
    price: bool
    opening: bool


class ProductForm(Quiet, TenantModelForm):
    category = CategoryField(label=_("Category"), empty_label=_("None"))
    picture = forms.FileField(
        label=_("Picture"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    remove_picture = forms.BooleanField(label=_("Remove the picture"), required=False)
    confirm = forms.BooleanField(label=_("Yes, these values are right"), required=False)

    class Meta:
        model = Product
        fields = [
            "name",
            "category",
            "brand",
            "unit",
            "tax_rate",
            "tax_inclusive",
            "is_stocked",
            "is_for_sale",
            "adds_credit",
            "alert_quantity",
            "description",
            "is_active",
        ]
        widgets = {
            "alert_quantity": NumberInput(min="0"),
            "description": forms.Textarea({"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        product, fields = self.instance, self.fields
        choices: dict[str, Any] = {"brand": Brand, "unit": Unit, "tax_rate": TaxRate}
        for name, model in {"category": Category, **choices}.items():
            chosen = getattr(product, f"{name}_id")
            fields[name].queryset = live(model.objects.all(), chosen)  # type: ignore[attr-defined]
        for name in choices:
            fields[name].empty_label = _("None")  # type: ignore[attr-defined]
        fields["adds_credit"].help_text = _(
            "Selling it adds its price to what the customer has to spend. It then has no stock and "
            "no tax. Decided once, for a new product."
        )
        fields["adds_credit"].disabled = not product._state.adding
        if product._state.adding:
            del fields["is_active"]
            self.initial["tax_inclusive"] = current().prices_include_tax
            self.initial["tax_rate"] = (
                TaxRate.objects.filter(is_default=True, is_active=True)
                .values_list("pk", flat=True)
                .first()
            )
        fields["picture"].help_text = gettext("JPEG, PNG or WebP, at most %(most)d MB.") % {
            "most": most_mb()
        }
        if not product.image:
            del fields["remove_picture"]
        self.asks_to_confirm = False

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.cleaned_data.get("adds_credit"):
            # Ticked by default; nobody has to know that it does not go together.
            self.cleaned_data |= {"is_stocked": False, "tax_rate": None}
        return cleaned

    def clean_alert_quantity(self) -> Decimal | None:
        quantity: Decimal | None = self.cleaned_data["alert_quantity"]
        if quantity is not None and quantity < 0:
            raise ValidationError(gettext("Enter zero or more."))
        return quantity

    def clean_picture(self) -> bytes | None:
        upload = self.cleaned_data["picture"]
        return redrawn(upload) if upload else None


class VariationForm(Quiet, TenantModelForm):
    """One variation, its codes and, while it is new, its opening stock."""

    barcodes = forms.CharField(
        label=_("Barcodes"),
        required=False,
        help_text=_("Several: separate them with commas."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text"}),
    )
    cost = money_field(_("Cost"))
    price = money_field(_("Price"), required=True)
    remove = forms.BooleanField(label=_("Remove this variation"), required=False)

    class Meta:
        model = Variation
        fields = ["name", "sku", "cost", "price", "is_active"]

    def __init__(
        self, *args: Any, rights: Rights, single: bool, locations: Iterable[Location], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = self.instance._state.adding
        self.empty_permitted = self.is_new and not single
        self.use_required_attribute = False
        fields = self.fields
        fields["name"].required = not single
        if single:
            # The product's own switch is the only one: an unsent tick must not switch off the
            # one variation that it is sold as.
            del fields["name"], fields["is_active"], fields["remove"]
        elif self.is_new:
            del fields["is_active"], fields["remove"]
        if not rights.cost:
            del fields["cost"]
        if self.is_new:
            self.initial.update(cost=None, price=None)
        else:
            fields["price"].disabled = not rights.price
            self.initial["barcodes"] = ", ".join(
                barcode.code for barcode in self.instance.barcodes.all()
            )
        # By their ids: one that is added or renamed meanwhile must not take another's quantity.
        offered = locations if self.is_new and rights.opening else ()
        self.places = {f"opening_{place.pk.hex}": place for place in offered}
        for name, location in self.places.items():
            label = format_lazy(_("Opening stock, {place}"), place=location.name)
            fields[name] = quantity_field(label)

    @property
    def opening_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.places]

    def validate_constraints(self) -> None:
        """The rows are checked together, and against each other, by VariationRows."""

    def clean_cost(self) -> Decimal:
        return self.cleaned_data["cost"] or ZERO

    def clean_sku(self) -> str:
        return str(self.cleaned_data["sku"]).strip()

    def clean_barcodes(self) -> list[str]:
        codes = [code.strip() for code in self.cleaned_data["barcodes"].split(",")]
        codes = list(dict.fromkeys(code for code in codes if code))
        longest = Barcode._meta.get_field("code").max_length or 64
        if any(len(code) > longest for code in codes):
            raise ValidationError(gettext("A barcode has at most %d characters.") % longest)
        return codes

    @property
    def is_left_empty(self) -> bool:
        return self.empty_permitted and not self.has_changed()

    @property
    def goes(self) -> bool:
        return bool(self.cleaned_data.get("remove"))

    @property
    def switched_off(self) -> bool:
        return "is_active" in self.changed_data and not self.cleaned_data["is_active"]

    def opening(self) -> dict[Location, Decimal]:
        """The quantities other than zero."""
        return {
            place: quantity
            for name, place in self.places.items()
            if (quantity := self.cleaned_data.get(name))
        }

    def row(self) -> Row:
        return Row(
            variation=self.instance,
            barcodes=self.cleaned_data["barcodes"],
            opening=self.opening(),
            remove=self.goes,
        )

    def doubts(self) -> list[str]:
        """What is implausible about new values; about a cost only to those who see it."""
        if not {"price", "cost"} & set(self.changed_data):
            return []
        price = self.cleaned_data["price"]
        cost = self.cleaned_data.get("cost")
        shown = {"price": money(price), "cost": money(cost), "times": VERY_MANY_TIMES}
        found = []
        if max(price, cost or ZERO) > VERY_HIGH:
            found.append(gettext("%(price)s is a very high price.") % shown)
        if cost and cost > VERY_HIGH:
            found[-1:] = [gettext("%(cost)s is a very high cost.") % shown]
        if cost and cost > price:
            found.append(gettext("The cost of %(cost)s is above the price of %(price)s.") % shown)
        elif cost and price > cost * VERY_MANY_TIMES:
            found.append(
                gettext("The price of %(price)s is more than %(times)d times the cost.") % shown
            )
        return found


class VariationRows:
    """All rows of one product; `data` is what was posted, or None for the stored ones."""

    def __init__(
        self,
        data: Any,
        *,
        product: Product,
        single: bool,
        rights: Rights,
        locations: Iterable[Location],
        extra: int = 0,
    ) -> None:
        self.product = product
        self.errors: list[str] = []
        common: dict[str, Any] = {"rights": rights, "single": single, "locations": locations}
        stored: dict[str, Variation] = {}
        if not product._state.adding:
            variations = Variation.objects.filter(product=product).prefetch_related("barcodes")
            stored = {str(row.pk): row for row in variations}
        self.forms: list[VariationForm] = []
        if data is None:
            instances: list[Variation | None] = [*stored.values()]
            blank = 1 if single and not instances else extra
            instances += [None] * blank
            for index, instance in enumerate(instances):
                form = VariationForm(prefix=f"row-{index}", instance=instance, **common)
                self.forms.append(form)
            return
        count = int(data["rows"][:6]) if data.get("rows", "").isdecimal() else 0
        for index in range(min(count + extra, MOST_ROWS)):
            key = data.get(f"row-{index}-id", "")
            if key and key not in stored:
                self.errors.append(gettext("A variation was removed by somebody else meanwhile."))
                continue
            sent = data if index < count else None
            form = VariationForm(
                sent, prefix=f"row-{index}", instance=stored.pop(key, None), **common
            )
            self.forms.append(form)

    def quiet(self) -> None:
        self.errors = []
        for form in self.forms:
            form.quiet()

    @property
    def used(self) -> list[VariationForm]:
        return [form for form in self.forms if not form.is_left_empty]

    def is_valid(self, *, active: bool, stocked: bool, decimals: bool) -> bool:
        """Check each row, then all of them together.

        `active`, `stocked` and `decimals` are what the product is about to be.
        """
        valid = [form.is_valid() for form in self.forms]
        if not all(valid) or self.errors:
            return False
        kept = [form for form in self.used if not form.goes]
        if not kept and not self._stored_elsewhere():
            self.errors.append(gettext("A product needs at least one variation."))
        elif any(form.switched_off for form in kept) and not self._any_active(kept):
            self.errors.append(
                gettext("At least one variation stays active. Or make the product inactive.")
            )
        for form in kept:
            self._check_opening(form, stocked=stocked, decimals=decimals)
        self._check_skus(kept, active=active)
        self._check_barcodes(kept)
        return not self.errors and all(not form.errors for form in self.forms)

    def _stored_elsewhere(self) -> bool:
        if self.product._state.adding:
            return False
        posted = [form.instance.pk for form in self.forms]
        return Variation.objects.filter(product=self.product).exclude(pk__in=posted).exists()

    def _any_active(self, kept: list[VariationForm]) -> bool:
        posted = [form.instance.pk for form in self.forms]
        elsewhere = Variation.objects.filter(product=self.product, is_active=True)
        return (
            any(form.instance.is_active for form in kept)
            or elsewhere.exclude(pk__in=posted).exists()
        )

    def _check_opening(self, form: VariationForm, *, stocked: bool, decimals: bool) -> None:
        for name in form.places:
            quantity = form.cleaned_data.get(name)
            if quantity and not stocked:
                form.add_error(name, gettext("This product keeps no stock."))
            elif quantity:
                try:
                    whole_unless(quantity, decimals=decimals)
                except ValidationError as error:
                    form.add_error(name, error)

    def _check_skus(self, kept: list[VariationForm], *, active: bool) -> None:
        wanted = [
            form
            for form in kept
            if form.cleaned_data["sku"]
            and (form.instance.is_active or (active and "is_active" not in form.fields))
        ]
        own = [form.instance.pk for form in self.forms]
        taken = set(
            Variation.objects.filter(
                sku__in=[form.cleaned_data["sku"] for form in wanted], is_active=True
            )
            .exclude(pk__in=own)
            .values_list("sku", flat=True)
        )
        for form in wanted:
            if form.cleaned_data["sku"] in taken:
                form.add_error("sku", gettext("Another product has this SKU."))
            taken.add(form.cleaned_data.get("sku", ""))

    def _check_barcodes(self, kept: list[VariationForm]) -> None:
        wanted = [code for form in kept for code in form.cleaned_data["barcodes"]]
        own = [form.instance.pk for form in self.forms]
        taken = set(
            Barcode.objects.filter(code__in=wanted)
            .exclude(variation__in=own)
            .values_list("code", flat=True)
        )
        for form in kept:
            codes = form.cleaned_data["barcodes"]
            for code in codes:
                if code in taken:
                    text = gettext("Another product has the barcode %s.") % code
                    form.add_error("barcodes", text)
            taken.update(codes)

    def doubts(self) -> list[str]:
        return [doubt for form in self.used if not form.goes for doubt in form.doubts()]

    def rows(self) -> list[Row]:
        return [form.row() for form in self.used]

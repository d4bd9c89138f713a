"""What may be refused to a till: nothing that it needs to sell."""

from __future__ import annotations

from typing import Final

#: Routes of the API by which a till looks after products and stock. Above its limits these wait;
#: everything else that a till asks for is counted and never refused, a new route too.
MAY_WAIT: Final = frozenset(
    {
        "api_products",
        "api_product",
        "api_product_prices",
        "api_product_picture",
        "api_categories",
        "api_category",
        "api_brands",
        "api_brand",
        "api_units",
        "api_unit",
        "api_tax_rates",
        "api_tax_rate",
        "api_stock_movements",
        "api_corrections",
        "api_correction",
        "api_suppliers",
        "api_supplier",
        "api_locations",
        "api_location",
        "api_registers",
        "api_register",
    }
)
#: What costs nothing and is refused to nobody for want of credits: by these one learns how many
#: there are.
FREE: Final = frozenset({"api_credits", "api_credit_transactions"})


def may_be_refused(route: str, *, is_program: bool) -> bool:
    """Whether a limit may hold this request up; `route` is empty where the address leads nowhere."""
    return is_program or route in MAY_WAIT | FREE or not route

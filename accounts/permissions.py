"""The catalogue of permissions: what a role can hold, in what words, in which group of the form.

A permission is named ``module.action``. Code names members (``Permission.SELL_VOID``), so a typing
error fails at import; roles store the names. No permission is negative, and none widens the
locations that a person may see: that stands on the membership.
"""

from __future__ import annotations

import json
from enum import StrEnum
from functools import lru_cache
from typing import Final, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class Module(StrEnum):
    """A group of the role form; the order here is the order on the page."""

    label: Text

    def __new__(cls, value: str, label: Text = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    OVERVIEW = "overview", _("Overview")
    SELLING = "selling", _("Selling")
    CASH = "cash", _("Shifts, cash and tills")
    CATALOGUE = "catalogue", _("Products and prices")
    STOCK = "stock", _("Stock")
    PURCHASING = "purchasing", _("Purchasing")
    CUSTOMERS = "customers", _("Customers")
    REPORTS = "reports", _("Reports")
    PEOPLE = "people", _("People and roles")
    SETTINGS = "settings", _("Business and data")


# The first part of a permission's name decides its group.
_MODULE_OF: Final[dict[str, Module]] = {
    "dashboard": Module.OVERVIEW,
    "sell": Module.SELLING,
    "payment": Module.SELLING,
    "shift": Module.CASH,
    "cash": Module.CASH,
    "reading": Module.CASH,
    "register": Module.CASH,
    "device": Module.CASH,
    "product": Module.CATALOGUE,
    "tax_rate": Module.CATALOGUE,
    "stock": Module.STOCK,
    "inventory_correction": Module.STOCK,
    "count": Module.STOCK,
    "stock_transfer": Module.STOCK,
    "purchase": Module.PURCHASING,
    "supplier": Module.PURCHASING,
    "customer": Module.CUSTOMERS,
    "report": Module.REPORTS,
    "user": Module.PEOPLE,
    "role": Module.PEOPLE,
    "audit_log": Module.PEOPLE,
    "location": Module.SETTINGS,
    "business_settings": Module.SETTINGS,
    "data": Module.SETTINGS,
    "webhook": Module.SETTINGS,
    "api_use": Module.SETTINGS,
    "admin": Module.SETTINGS,
}


class Permission(StrEnum):
    """One right. ``label`` and ``help`` are for people; an unknown name raises ValueError."""

    label: Text
    help: Text
    module: Module

    def __new__(cls, value: str, label: Text = "", help: Text = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.help = help
        member.module = _MODULE_OF[value.partition(".")[0]]
        return member

    @property
    def attribute(self) -> str:
        """The name for templates, where a dot would be a look-up: ``product.view`` →
        ``product_view``."""
        return self.value.replace(".", "_")

    DASHBOARD_VIEW = "dashboard.view", _("See the dashboard")

    SELL_CREATE = "sell.create", _("Sell"), _("Use the till and take payments.")
    SELL_VIEW_OWN = "sell.view_own", _("See own sales")
    SELL_VIEW = "sell.view", _("See all sales"), _("At the person's locations.")
    SELL_UPDATE = "sell.update", _("Change parked sales"), _("Completed sales never change.")
    SELL_PARK = "sell.park", _("Park sales"), _("Put a sale aside and take it up again.")
    SELL_REPRINT = "sell.reprint", _("Print receipts again")
    SELL_DISCOUNT = "sell.discount", _("Give a discount on a line")
    SELL_DISCOUNT_WHOLE = "sell.discount_whole", _("Give a discount on a whole sale")
    SELL_PRICE_OVERRIDE = "sell.price_override", _("Change a price at the till")
    SELL_VOID_LINE = "sell.void_line", _("Remove lines"), _("Before the sale is paid.")
    SELL_VOID = "sell.void", _("Void sales"), _("Reverse a completed sale, with a reason.")
    SELL_REFUND = "sell.refund", _("Refund"), _("Take goods back and return the money.")
    SELL_EXCHANGE = "sell.exchange", _("Exchange"), _("Swap sold goods for others.")
    SELL_REVIEW = (
        "sell.review",
        _("Settle sales made offline"),
        _("Those that did not fit what the server knew."),
    )
    SELL_ON_ACCOUNT = "sell.on_account", _("Sell on account"), _("The customer pays later.")
    SELL_VIEW_COST = "sell.view_cost", _("See the cost of sold goods")
    SELL_VIEW_PROFIT = "sell.view_profit", _("See the profit of a sale")
    SELL_VIEW_DISCOUNT_DETAILS = "sell.view_discount_details", _("See who gave which discount")
    PAYMENT_COLLECT = "payment.collect", _("Collect debts"), _("Take payment for older sales.")

    SHIFT_OPEN = "shift.open", _("Open a shift")
    SHIFT_CLOSE = "shift.close", _("Close own shift")
    SHIFT_CLOSE_ANY = "shift.close_any", _("Close another person's shift")
    SHIFT_VIEW = "shift.view", _("See own shifts")
    SHIFT_VIEW_ALL = "shift.view_all", _("See all shifts"), _("At the person's locations.")
    CASH_IN_OUT = "cash.in_out", _("Put cash in and take it out")
    CASH_COUNT = "cash.count", _("Count the drawer")
    CASH_OPEN_DRAWER = "cash.open_drawer", _("Open the drawer without a sale")
    CASH_VIEW_EXPECTED = "cash.view_expected", _("See the expected cash before counting")
    CASH_APPROVE_LARGE_TRANSACTIONS = (
        "cash.approve_large_transactions",
        _("Approve large cash movements"),
    )
    READING_X_READING = "reading.x_reading", _("Take X readings"), _("Totals so far.")
    READING_Z_READING = "reading.z_reading", _("Take Z readings"), _("Totals that close a day.")
    REGISTER_VIEW = "register.view", _("See registers")
    REGISTER_CREATE = "register.create", _("Add registers")
    REGISTER_UPDATE = "register.update", _("Change registers")
    DEVICE_VIEW = "device.view", _("See devices")
    DEVICE_CREATE = "device.create", _("Connect devices"), _("Makes a token for the API.")
    DEVICE_REVOKE = "device.revoke", _("Disconnect devices")

    PRODUCT_VIEW = "product.view", _("See products")
    PRODUCT_CREATE = "product.create", _("Add products")
    PRODUCT_UPDATE = "product.update", _("Change products")
    PRODUCT_DELETE = "product.delete", _("Remove products"), _("Products with history are hidden.")
    PRODUCT_VIEW_PURCHASE_PRICE = "product.view_purchase_price", _("See cost prices")
    PRODUCT_VIEW_ALL_BRANCH_STOCK = (
        "product.view_all_branch_stock",
        _("See the stock of every location"),
        _("Quantities only, also of locations that the person does not work at."),
    )
    PRODUCT_OPENING_STOCK = "product.opening_stock", _("Enter opening stock")
    PRODUCT_PRICE_EDIT = "product.price.edit", _("Change prices at own locations")
    PRODUCT_PRICE_EDIT_ALL = "product.price.edit_all", _("Change prices at every location")
    PRODUCT_PRICE_GLOBAL = "product.price.global", _("Change the business's base prices")
    PRODUCT_PRICE_IMPORT = "product.price.import", _("Import price lists")
    PRODUCT_LABELS = "product.labels", _("Print labels")
    PRODUCT_CATEGORY_VIEW = "product.category.view", _("See categories")
    PRODUCT_CATEGORY_CREATE = "product.category.create", _("Add categories")
    PRODUCT_CATEGORY_UPDATE = "product.category.update", _("Change categories")
    PRODUCT_CATEGORY_DELETE = "product.category.delete", _("Remove categories")
    PRODUCT_BRAND_VIEW = "product.brand.view", _("See brands")
    PRODUCT_BRAND_CREATE = "product.brand.create", _("Add brands")
    PRODUCT_BRAND_UPDATE = "product.brand.update", _("Change brands")
    PRODUCT_BRAND_DELETE = "product.brand.delete", _("Remove brands")
    PRODUCT_UNIT_VIEW = "product.unit.view", _("See units")
    PRODUCT_UNIT_CREATE = "product.unit.create", _("Add units")
    PRODUCT_UNIT_UPDATE = "product.unit.update", _("Change units")
    PRODUCT_UNIT_DELETE = "product.unit.delete", _("Remove units")
    TAX_RATE_VIEW = "tax_rate.view", _("See tax rates")
    TAX_RATE_CREATE = "tax_rate.create", _("Add tax rates")
    TAX_RATE_UPDATE = "tax_rate.update", _("Change tax rates")
    TAX_RATE_DELETE = "tax_rate.delete", _("Remove tax rates")

    STOCK_VIEW = "stock.view", _("See stock"), _("At the person's locations.")
    STOCK_VIEW_HISTORY = "stock.view_history", _("See the history of stock")
    STOCK_VIEW_VALUE = "stock.view_value", _("See the value of stock"), _("Shows cost prices.")
    INVENTORY_CORRECTION_VIEW = "inventory_correction.view", _("See stock corrections")
    INVENTORY_CORRECTION_CREATE = "inventory_correction.create", _("Correct stock")
    INVENTORY_CORRECTION_APPROVE = "inventory_correction.approve", _("Approve stock corrections")
    COUNT_VIEW = "count.view", _("See stock counts")
    COUNT_CREATE = "count.create", _("Count stock")
    COUNT_APPROVE = "count.approve", _("Approve stock counts")
    STOCK_TRANSFER_VIEW = "stock_transfer.view", _("See transfers")
    STOCK_TRANSFER_CREATE = "stock_transfer.create", _("Prepare transfers")
    STOCK_TRANSFER_CHECK = "stock_transfer.check", _("Check transfers before they leave")
    STOCK_TRANSFER_SEND = "stock_transfer.send", _("Send transfers"), _("Stock leaves here.")
    STOCK_TRANSFER_RECEIVE = "stock_transfer.receive", _("Receive transfers")
    STOCK_TRANSFER_COMPLETE = "stock_transfer.complete", _("Complete transfers")
    STOCK_TRANSFER_CANCEL = "stock_transfer.cancel", _("Cancel transfers")

    PURCHASE_VIEW = "purchase.view", _("See purchases"), _("Shows cost prices.")
    PURCHASE_CREATE = "purchase.create", _("Write purchase orders")
    PURCHASE_UPDATE = "purchase.update", _("Change purchase orders")
    PURCHASE_APPROVE = "purchase.approve", _("Approve purchase orders")
    PURCHASE_CANCEL = "purchase.cancel", _("Cancel purchase orders")
    PURCHASE_RECEIPT_CREATE = "purchase.receipt.create", _("Receive goods")
    PURCHASE_RECEIPT_APPROVE = "purchase.receipt.approve", _("Approve received goods")
    PURCHASE_RETURN = "purchase.return", _("Return goods to suppliers")
    SUPPLIER_VIEW = "supplier.view", _("See suppliers")
    SUPPLIER_CREATE = "supplier.create", _("Add suppliers")
    SUPPLIER_UPDATE = "supplier.update", _("Change suppliers")
    SUPPLIER_DELETE = "supplier.delete", _("Remove suppliers")
    SUPPLIER_PAY = "supplier.pay", _("Record payments to suppliers")

    CUSTOMER_VIEW = "customer.view", _("See customers")
    CUSTOMER_CREATE = "customer.create", _("Add customers")
    CUSTOMER_UPDATE = "customer.update", _("Change customers")
    CUSTOMER_DELETE = "customer.delete", _("Remove customers")
    CUSTOMER_CREDIT = "customer.credit", _("Set credit limits")
    CUSTOMER_CREDIT_VIEW = (
        "customer.credit.view",
        _("See what customers have to spend"),
        _("And take it as a payment at the till."),
    )
    CUSTOMER_CREDIT_GRANT = "customer.credit.grant", _("Give credit to customers")
    CUSTOMER_CREDIT_CORRECT = "customer.credit.correct", _("Correct customers' credit")

    REPORT_VIEW = "report.view", _("Open reports")
    REPORT_SALES_VIEW = "report.sales.view", _("See sales reports")
    REPORT_STOCK_VIEW = "report.stock.view", _("See stock reports")
    REPORT_TAX_VIEW = "report.tax.view", _("See tax reports")
    REPORT_CASH_VIEW = "report.cash.view", _("See cash reports")
    REPORT_PROFIT_LOSS = "report.profit_loss", _("See profit and loss")
    REPORT_EXPORT = "report.export", _("Save reports as files")

    USER_VIEW = "user.view", _("See people")
    USER_CREATE = "user.create", _("Add people")
    USER_UPDATE = "user.update", _("Change people"), _("Their role, locations and password.")
    USER_DELETE = "user.delete", _("Remove people")
    ROLE_VIEW = "role.view", _("See roles")
    ROLE_CREATE = "role.create", _("Add roles"), _("Nobody grants what they do not hold.")
    ROLE_UPDATE = "role.update", _("Change roles"), _("Nobody grants what they do not hold.")
    ROLE_DELETE = "role.delete", _("Remove roles")
    AUDIT_LOG_VIEW = "audit_log.view", _("See the log of changes")

    LOCATION_VIEW = "location.view", _("See locations")
    LOCATION_CREATE = "location.create", _("Add locations")
    LOCATION_UPDATE = "location.update", _("Change locations")
    BUSINESS_SETTINGS_VIEW = "business_settings.view", _("See the settings of the business")
    BUSINESS_SETTINGS_EDIT = "business_settings.edit", _("Change the settings of the business")
    DATA_IMPORT = "data.import", _("Import data")
    DATA_EXPORT = "data.export", _("Export data")
    WEBHOOK_MANAGE = (
        "webhook.manage",
        _("Manage webhooks"),
        _("Have programs elsewhere told of sales, stock and shifts."),
    )
    API_USE_VIEW = (
        "api_use.view",
        _("See how much the API is used"),
        _("Requests of every key, and the credits of the business."),
    )
    API_USE_LIMIT = "api_use.limit", _("Change the limits of keys")
    ADMIN_ACCESS = "admin.access", _("Use the administration pages")


def by_module() -> list[tuple[Module, list[Permission]]]:
    """Every permission once, grouped and ordered as the role form shows them."""
    return [(group, [p for p in Permission if p.module is group]) for group in Module]


# -- names that other systems use -----------------------------------------------------------------

#: Says that a person works at every location. It is stored on the membership and not in a role.
ALL_LOCATIONS: Final = "access_all_locations"

#: Names in the shops' export whose counterpart is spelt otherwise here. `void.create` is held by
#: every cashier there and removes a scanned line; voiding a paid sale is `sell.void` there too.
ALIASES: Final[dict[str, Permission]] = {
    "payment.collect_ar": Permission.PAYMENT_COLLECT,
    "sales_report.view": Permission.REPORT_SALES_VIEW,
    "void.create": Permission.SELL_VOID_LINE,
}

#: Names in the shops' export for things that Tillbook does not have.
WITHOUT_COUNTERPART: Final = frozenset(
    {"job_order.diagnose", "qc_inspection.conduct", "superadmin.business.view"}
)


def counterpart(name: str) -> Permission | None:
    """The permission that an outside ``name`` means, or None where there is none.

    None is also the answer for `ALL_LOCATIONS`, which is no permission.
    """
    if name in ALIASES:
        return ALIASES[name]
    try:
        return Permission(name)
    except ValueError:
        return None


# -- the roles that a new business begins with ----------------------------------------------------


def _set(names: str) -> frozenset[Permission]:
    """Permissions by name; one that ends in ``.*`` stands for a whole module. Typing errors raise
    ValueError at import."""
    found: set[Permission] = set()
    for name in names.split():
        if name.endswith(".*"):
            found.update(p for p in Permission if p.value.startswith(name[:-1]))
        else:
            found.add(Permission(name))
    return frozenset(found)


@lru_cache(maxsize=512)
def named_in(text: str) -> frozenset[Permission]:
    """Those in a JSON list as a role's column holds it; what the catalogue no longer has is left out."""
    known = Permission._value2member_map_
    return frozenset(Permission(name) for name in json.loads(text) if name in known)


_EVERYTHING: Final = frozenset(Permission)

#: What shows costs or profits.
COST_PERMISSIONS: Final = _set(
    "product.view_purchase_price purchase.view report.profit_loss sell.view_cost sell.view_profit "
    "stock.view_value"
)

_CASHIER: Final = _set(
    "sell.create sell.view_own sell.park sell.reprint sell.discount sell.discount_whole "
    "sell.void_line shift.open shift.close shift.view cash.count cash.in_out register.view "
    "product.view product.category.view stock.view customer.view customer.create "
    "customer.credit.view"
)

# Accounts, roles and the business itself stay with the owner.
_MANAGER: Final = _EVERYTHING - _set(
    "admin.access business_settings.edit data.export data.import location.create "
    "report.profit_loss role.create role.update role.delete tax_rate.create tax_rate.update "
    "tax_rate.delete user.delete webhook.manage"
)

_STOCK_KEEPER: Final = _set(
    "product.view product.create product.update product.labels product.opening_stock "
    "product.view_purchase_price product.view_all_branch_stock product.category.* "
    "product.brand.* product.unit.* tax_rate.view stock.view stock.view_history count.create "
    "count.view inventory_correction.view inventory_correction.create stock_transfer.* "
    "purchase.view purchase.create purchase.update purchase.receipt.create purchase.return "
    "supplier.view supplier.create supplier.update location.view report.view report.stock.view"
)

_VIEWER: Final = _set(
    "dashboard.view sell.view sell.view_own shift.view shift.view_all register.view product.view "
    "product.category.view product.brand.view product.unit.view tax_rate.view stock.view "
    "stock.view_history inventory_correction.view count.view stock_transfer.view supplier.view "
    "customer.view customer.credit.view location.view report.view report.sales.view "
    "report.stock.view"
)

_ACCOUNTANT: Final = (
    _VIEWER
    | COST_PERMISSIONS
    | _set(
        "report.* tax_rate.* audit_log.view business_settings.view cash.view_expected data.export "
        "payment.collect reading.x_reading sell.reprint sell.view_discount_details supplier.pay"
    )
)

#: Where a new business begins. The names mean nothing to the code; owners may change all of them.
DEFAULT_ROLES: Final[dict[str, frozenset[Permission]]] = {
    "Owner": _EVERYTHING,
    "Manager": _MANAGER,
    "Cashier": _CASHIER,
    "Stock keeper": _STOCK_KEEPER,
    "Accountant": _ACCOUNTANT,
    "Viewer": _VIEWER,
}

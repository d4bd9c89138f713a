"""The catalogue covers what shops bring along, and the default roles are safe to hand out."""

import pytest

from accounts.permissions import (
    ALIASES,
    ALL_LOCATIONS,
    COST_PERMISSIONS,
    DEFAULT_ROLES,
    WITHOUT_COUNTERPART,
    Module,
    Permission,
    by_module,
    counterpart,
)

# Every name that the shops' export uses.
NAMES = """
access_all_locations audit_log.view business_settings.edit business_settings.view
cash.approve_large_transactions cash.count cash.in_out customer.create customer.update
customer.view dashboard.view inventory_correction.approve inventory_correction.create
inventory_correction.view job_order.diagnose location.create location.update location.view
payment.collect_ar product.brand.create product.brand.view product.category.create
product.category.view product.create product.delete product.opening_stock
product.price.edit_all product.price.global product.price.import product.unit.view
product.update product.view product.view_all_branch_stock product.view_purchase_price
purchase.approve purchase.create purchase.receipt.approve purchase.receipt.create purchase.view
qc_inspection.conduct reading.x_reading reading.z_reading report.profit_loss report.sales.view
report.stock.view report.view role.create role.delete role.update role.view sales_report.view
sell.create sell.refund sell.update sell.view sell.view_cost sell.view_discount_details
sell.view_own sell.view_profit sell.void shift.close shift.open shift.view shift.view_all
stock_transfer.cancel stock_transfer.check stock_transfer.complete stock_transfer.create
stock_transfer.receive stock_transfer.send stock_transfer.view superadmin.business.view
supplier.create supplier.view user.create user.delete user.update user.view void.create
"""
EXPORT_NAMES = NAMES.split()


def test_the_list_of_export_names_is_whole() -> None:
    assert len(EXPORT_NAMES) == len(set(EXPORT_NAMES)) == 79


@pytest.mark.parametrize("name", EXPORT_NAMES)
def test_every_export_name_is_accounted_for(name: str) -> None:
    without = name in WITHOUT_COUNTERPART or name == ALL_LOCATIONS
    assert (counterpart(name) is None) == without


def test_most_names_are_the_same_on_both_sides() -> None:
    differ = {n for n in EXPORT_NAMES if counterpart(n) not in (n, None)}
    assert differ == set(ALIASES)


def test_a_cashiers_void_does_not_become_the_right_to_void_paid_sales() -> None:
    assert counterpart("void.create") is Permission.SELL_VOID_LINE
    assert counterpart("sell.void") is Permission.SELL_VOID


@pytest.mark.parametrize(
    "name", ["", "sell", "sell.", "SELL.CREATE", "sell.create ", "nonsense.do"]
)
def test_unknown_names_have_no_counterpart(name: str) -> None:
    assert counterpart(name) is None


def test_names_labels_and_attributes_are_unique() -> None:
    everything = list(Permission.__members__.values())
    assert len(everything) >= 110
    assert len({p.value for p in everything}) == len(everything)
    assert len({p.attribute for p in everything}) == len(everything)
    assert len({str(p.label) for p in everything}) == len(everything)


@pytest.mark.parametrize("permission", list(Permission))
def test_the_member_is_named_after_its_value(permission: Permission) -> None:
    assert permission.name == permission.attribute.upper()
    assert str(permission.label)


def test_groups_hold_every_permission_once_and_none_is_empty() -> None:
    grouped = [p for _, members in by_module() for p in members]
    assert len(grouped) == len(set(grouped)) == len(Permission)
    assert all(members for _, members in by_module())
    assert [group for group, _ in by_module()] == list(Module)


def test_the_owner_holds_everything() -> None:
    assert DEFAULT_ROLES["Owner"] == frozenset(Permission)


@pytest.mark.parametrize("role", ["Cashier", "Viewer"])
def test_cost_and_profit_stay_hidden(role: str) -> None:
    assert not DEFAULT_ROLES[role] & COST_PERMISSIONS


def test_a_cashier_sells_but_voids_and_refunds_nothing() -> None:
    cashier = DEFAULT_ROLES["Cashier"]
    assert {Permission.SELL_CREATE, Permission.SHIFT_OPEN, Permission.SHIFT_CLOSE} <= cashier
    for forbidden in ("SELL_VOID", "SELL_REFUND", "SELL_VIEW", "SELL_PRICE_OVERRIDE"):
        assert Permission[forbidden] not in cashier
    # Counting blind: what the drawer should hold is not shown to the one who counts it.
    assert Permission.CASH_VIEW_EXPECTED not in cashier


def test_only_the_owner_may_change_rights() -> None:
    keys = {Permission.ROLE_CREATE, Permission.ROLE_UPDATE, Permission.BUSINESS_SETTINGS_EDIT}
    holders = {name for name, held in DEFAULT_ROLES.items() if held & keys}
    assert holders == {"Owner"}


def test_a_viewer_changes_nothing() -> None:
    actions = {p.value.rpartition(".")[2] for p in DEFAULT_ROLES["Viewer"]}
    assert actions <= {"view", "view_own", "view_all", "view_history"}


@pytest.mark.parametrize("role", [r for r in DEFAULT_ROLES if r not in ("Cashier", "Stock keeper")])
def test_who_looks_at_figures_sees_the_dashboard(role: str) -> None:
    assert Permission.DASHBOARD_VIEW in DEFAULT_ROLES[role]

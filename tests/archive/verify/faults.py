"""What is done behind the product's back, one at a time, and which rule must name which row.

`{acme}` and `{rival}` are the two businesses' ids, `{rival_…}` keys of the rival's rows, `{mug}`,
`{tea}` and `{wrapping}` variations, `{new}` a key that no row has. These are people, walls,
catalogue, files and the installation; `faults_books.py` has the books.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """`sql` spoils the rows that `ids` then finds in `table`, which are `column` of findings."""

    what: str
    rule: str
    table: str
    ids: str
    sql: str | tuple[str, ...]
    loosen: tuple[str, ...] = ()
    column: str = ""
    only: str = ""
    statements: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        sql = (self.sql,) if isinstance(self.sql, str) else self.sql
        object.__setattr__(self, "statements", sql)


CASHIER = "accounts_membership WHERE user_id = {cashier}"
BUSINESS = "SELECT {acme}"

FAULTS = (
    Fault(
        "another business's role", "person_has_a_role", "accounts_membership",
        f"SELECT id FROM {CASHIER}",
        "UPDATE accounts_membership SET role_id = {rival_role} WHERE user_id = {cashier}",
        ("accounts_membership",), "role_id",
    ),
    Fault(
        "a role that is gone", "person_has_a_role", "accounts_membership",
        f"SELECT id FROM {CASHIER}",
        "DELETE FROM accounts_role WHERE name = 'Cashier' AND business_id = {acme}",
        ("accounts_role", "accounts_membership"), "role_id",
    ),
    Fault(
        "no location", "person_has_a_location", "accounts_membership",
        f"SELECT id FROM {CASHIER}",
        "UPDATE accounts_membership SET all_locations = false WHERE user_id = {cashier}",
    ),
    Fault(
        "no owner", "business_has_an_owner", "tenants_business", BUSINESS,
        "UPDATE accounts_membership SET is_owner = false WHERE is_owner AND business_id = {acme}",
    ),
    Fault(
        "an owner who is switched off", "business_has_an_owner", "tenants_business", BUSINESS,
        "UPDATE accounts_user SET is_active = false WHERE id = {owner}",
    ),
    Fault(
        "no location at all", "business_has_a_location", "tenants_business", BUSINESS,
        "UPDATE tenants_location SET is_active = false WHERE business_id = {acme}",
    ),
    Fault(
        "nobody who manages people", "business_has_an_administrator", "tenants_business", BUSINESS,
        "UPDATE accounts_role SET permissions = '[]' WHERE business_id = {acme}",
    ),
    Fault(
        "an address that no key opens", "encrypted_text_can_be_read", "sales_customer",
        "SELECT id FROM sales_customer WHERE business_id = {acme}",
        "UPDATE sales_customer SET address = 'gAAAAAB' WHERE business_id = {acme}",
        column="address",
    ),
    Fault(
        "a phone number's index", "customer_is_found_by_contact", "sales_customer",
        "SELECT id FROM sales_customer WHERE business_id = {acme}",
        "UPDATE sales_customer SET phone_index = 'x' WHERE business_id = {acme}",
        column="phone_index",
    ),
    Fault(
        "a beginning of a name", "customer_is_found_by_name", "sales_customer",
        "SELECT id FROM sales_customer WHERE business_id = {acme}",
        "DELETE FROM sales_customernamehash WHERE business_id = {acme}"
        " AND id = (SELECT min(id) FROM sales_customernamehash WHERE business_id = {acme})",
        column="name_hashes",
    ),
    Fault(
        "a note in clear", "personal_text_is_encrypted", "sales_customer",
        "SELECT id FROM sales_customer WHERE business_id = {acme}",
        "UPDATE sales_customer SET note = 'Pays late' WHERE business_id = {acme}",
        column="note",
    ),
    Fault(
        "a user name's index", "person_is_found_by_name", "accounts_user",
        "SELECT id FROM accounts_user WHERE id = {cashier}",
        "UPDATE accounts_user SET username_index = 'x' WHERE id = {cashier}",
        column="username_index",
    ),
    # -- walls
    Fault(
        "another business's category", "row_has_its_parents", "inventory_product",
        "SELECT id FROM inventory_product WHERE name = 'Blue mug' AND business_id = {acme}",
        "UPDATE inventory_product SET category_id = {rival_category}"
        " WHERE name = 'Blue mug' AND business_id = {acme}",
        ("inventory_product",), "category_id",
    ),
    Fault(
        "a payment of no sale", "row_has_its_parents", "sales_payment",
        "SELECT id FROM sales_payment WHERE sale_id = {new}",
        "UPDATE sales_payment SET sale_id = {new}"
        " WHERE method = 'credit' AND business_id = {acme}",
        ("sales_payment",), "sale_id",
    ),
    Fault(
        "a movement by nobody", "row_has_its_parents", "inventory_stockmovement",
        "SELECT id FROM inventory_stockmovement WHERE actor_id = 999999",
        "UPDATE inventory_stockmovement SET actor_id = 999999"
        " WHERE kind = 'correction' AND business_id = {acme}",
        column="actor_id",
    ),
    Fault(
        "a variation of no product", "variation_has_its_product", "inventory_variation",
        "SELECT id FROM inventory_variation WHERE id = {mug}",
        "UPDATE inventory_variation SET product_id = {new} WHERE id = {mug}",
        ("inventory_variation",), "product_id",
    ),
    Fault(
        "stock of another business's product", "stock_has_its_product_and_place",
        "inventory_stocklevel", "SELECT id FROM inventory_stocklevel WHERE variation_id = {rival_mug}"
        " AND business_id = {acme}",
        "UPDATE inventory_stocklevel SET variation_id = {rival_mug} WHERE variation_id = {mug}",
        ("inventory_stocklevel",), "variation_id",
    ),
    Fault(
        "stock at another business's location", "stock_has_its_product_and_place",
        "inventory_stocklevel", "SELECT id FROM inventory_stocklevel WHERE variation_id = {mug}",
        "UPDATE inventory_stocklevel SET location_id = {rival_location} WHERE variation_id = {mug}",
        ("inventory_stocklevel",), "location_id",
    ),
    Fault(
        "a movement of no level", "movement_has_its_level", "inventory_stockmovement",
        "SELECT id FROM inventory_stockmovement WHERE level_id = 999999",
        "UPDATE inventory_stockmovement SET level_id = 999999"
        " WHERE kind = 'correction' AND business_id = {acme}",
        ("inventory_stockmovement",), "level_id",
    ),
    Fault(
        "a time zone of Mars", "zone_and_currency_are_known", "tenants_location",
        "SELECT id FROM tenants_location WHERE own_time_zone <> ''",
        "UPDATE tenants_location SET own_time_zone = 'Mars/Base'"
        " WHERE code = 'MK' AND business_id = {acme}",
    ),
    # -- catalogue
    Fault(
        "a product without a variation", "product_has_a_variation", "inventory_product",
        "SELECT id FROM inventory_product WHERE name = 'Gift wrapping' AND business_id = {acme}",
        "DELETE FROM inventory_variation WHERE id = {wrapping}",
        ("inventory_variation",),
    ),
    Fault(
        "a SKU twice", "sku_is_unique", "inventory_variation",
        "SELECT id FROM inventory_variation WHERE id IN ({mug}, {tea})",
        "UPDATE inventory_variation SET sku = 'TEA' WHERE id = {mug}",
        ("inventory_variation",), "sku",
    ),
    Fault(
        "a SKU in small letters", "sku_differs_in_more_than_case", "inventory_variation",
        "SELECT id FROM inventory_variation WHERE id IN ({mug}, {tea})",
        "UPDATE inventory_variation SET sku = 'tea' WHERE id = {mug}", column="sku",
    ),
    Fault(
        "a barcode twice", "barcode_is_unique", "inventory_barcode",
        "SELECT id FROM inventory_barcode WHERE business_id = {acme}",
        "INSERT INTO inventory_barcode (id, business_id, variation_id, code)"
        " SELECT {new}, business_id, {tea}, code FROM inventory_barcode WHERE variation_id = {mug}",
        ("inventory_barcode",), "code",
    ),
    Fault(
        "a box of unknown size", "unit_has_base_and_factor", "inventory_unit",
        "SELECT id FROM inventory_unit WHERE name = 'Box' AND business_id = {acme}",
        "UPDATE inventory_unit SET factor = NULL WHERE name = 'Box' AND business_id = {acme}",
        ("inventory_unit",), "factor",
    ),
    Fault(
        "a box of boxes", "unit_is_not_made_of_itself", "inventory_unit",
        "SELECT id FROM inventory_unit WHERE name = 'Box' AND business_id = {acme}",
        "UPDATE inventory_unit SET base_unit_id = id WHERE name = 'Box' AND business_id = {acme}",
    ),
    Fault(
        "categories in a circle", "category_is_not_inside_itself", "inventory_category",
        "SELECT id FROM inventory_category WHERE business_id = {acme}",
        "UPDATE inventory_category SET parent_id ="
        " (SELECT id FROM inventory_category WHERE name = 'Cups' AND business_id = {acme})"
        " WHERE name = 'Kitchen' AND business_id = {acme}",
    ),
    Fault(
        "a negative cost", "price_is_not_negative", "inventory_variation",
        "SELECT id FROM inventory_variation WHERE id = {mug}",
        "UPDATE inventory_variation SET cost = -1 WHERE id = {mug}",
        ("inventory_variation",), "cost",
    ),
    Fault(
        "a cost of a trillion", "price_is_plausible", "inventory_variation",
        "SELECT id FROM inventory_variation WHERE id = {mug}",
        "UPDATE inventory_variation SET cost = 1000000000000 WHERE id = {mug}", column="cost",
    ),
    Fault(
        "a search text", "product_is_found_by_its_names", "inventory_variation",
        "SELECT id FROM inventory_variation WHERE id = {mug}",
        "UPDATE inventory_variation SET search_text = 'red mug' WHERE id = {mug}",
        column="search_text",
    ),
    Fault(
        "search words", "product_is_found_by_its_names", "inventory_variation",
        "SELECT id FROM inventory_variation WHERE id = {mug}",
        "DELETE FROM inventory_searchword WHERE variation_id = {mug} AND word = 'mug'",
        column="search_words",
    ),
    # -- files
    Fault(
        "a byte of a file", "file_is_whole", "archive_storedfile",
        "SELECT id FROM archive_storedfile WHERE business_id = {acme}",
        "UPDATE archive_storedfile SET sha256 = 'x' WHERE business_id = {acme}", column="parts",
    ),
    Fault(
        "a part of a file", "file_is_whole", "archive_storedfile",
        "SELECT id FROM archive_storedfile WHERE business_id = {acme}",
        "DELETE FROM archive_filepart WHERE business_id = {acme}", column="parts",
    ),
    Fault(
        "an import without its time", "import_says_when", "archive_importbatch",
        "SELECT id FROM archive_importbatch WHERE business_id = {acme}",
        "UPDATE archive_importbatch SET state = 'applied' WHERE business_id = {acme}",
    ),
    Fault(
        "a job that is over", "job_says_when", "archive_job",
        "SELECT id FROM archive_job WHERE business_id = {acme}",
        "UPDATE archive_job SET state = 'done' WHERE business_id = {acme}",
    ),
)  # fmt: skip

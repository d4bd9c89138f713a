"""A small good file of each kind that we read, made by hand in the shape that its system writes."""

from __future__ import annotations

import csv
import io

from archive.products.synonyms import simple

_ULTIMATEPOS = (
    "NAME;BRAND;UNIT;CATEGORY;SUB-CATEGORY;SKU (Leave blank to auto generate sku);BARCODE TYPE;"
    "MANAGE STOCK (1=yes 0=No);ALERT QUANTITY;EXPIRES IN;EXPIRY PERIOD UNIT (months/days);"
    "APPLICABLE TAX;Selling Price Tax Type (inclusive or exclusive);"
    "PRODUCT TYPE (single or variable);VARIATION NAME (Keep blank if product type is single);"
    "VARIATION VALUES (| separated values);VARIATION SKUs (| separated values);"
    "PURCHASE PRICE (Including tax);PURCHASE PRICE (Excluding tax);PROFIT MARGIN;SELLING PRICE;"
    "OPENING STOCK;OPENING STOCK LOCATION;EXPIRY DATE;ENABLE IMEI OR SERIAL NUMBER(1=yes 0=No);"
    "WEIGHT;RACK;ROW;POSITION;IMAGE;PRODUCT DESCRIPTION;CUSTOM FIELD 1;CUSTOM FIELD 2;"
    "CUSTOM FIELD 3;CUSTOM FIELD 4;NOT FOR SELLING(1=yes 0=No);PRODUCT LOCATIONS"
)


def _table(header: str, *rows: dict[str, object]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, header.split(";"), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def ultimatepos_row(**values: object) -> dict[str, object]:
    """By the first words of a header, with underscores between them."""
    row: dict[str, object] = {}
    for key, value in values.items():
        headers = [name for name in _ULTIMATEPOS.split(";") if simple(name).startswith(simple(key))]
        header = min(headers, key=len)
        row[header] = value
    return row


ULTIMATEPOS = _table(
    _ULTIMATEPOS,
    ultimatepos_row(
        name="Green tea", brand="Leaf", unit="pc", category="Drinks", sub="Tea", sku="000123",
        manage=1, alert=5, applicable="VAT 20%", selling_price_tax="inclusive", product_type="single",
        purchase_price_excluding="1.50", selling_price="", profit="100", opening_stock=24,
        opening_stock_location="Harbour",
    ),
    ultimatepos_row(
        name="T-shirt", unit="pc", sku="TS", manage=1, selling_price_tax="exclusive",
        product_type="variable", variation_name="Size", variation_values="S|M|L",
        variation_skus="TS-S|TS-M|TS-L", selling_price="9.90|10.90|11.90",
        purchase_price_including="5", opening_stock="1|2|3", not_for="0",
    ),
    ultimatepos_row(
        name="Wrapping", sku="WRAP", manage=0, product_type="single", selling_price="2.50",
        purchase_price_including="1", not_for="1",
    ),
)  # fmt: skip

SHOPIFY = _table(
    "Handle;Title;Body (HTML);Vendor;Type;Tags;Published;Option1 Name;Option1 Value;Option2 Name;"
    "Option2 Value;Option3 Name;Option3 Value;Variant SKU;Variant Inventory Tracker;"
    "Variant Inventory Qty;Variant Price;Variant Barcode;Image Src;Cost per item;Status",
    {
        "Handle": "scarf", "Title": "Scarf", "Body (HTML)": "<p>Warm &amp; soft</p><ul><li>Wool</li></ul>",
        "Vendor": "Loom", "Type": "Clothing", "Option1 Name": "Colour", "Option1 Value": "Red",
        "Option2 Name": "Size", "Option2 Value": "Long", "Variant SKU": "SC-RL",
        "Variant Inventory Tracker": "shopify", "Variant Inventory Qty": 3, "Variant Price": "42.50",
        "Variant Barcode": "'4006381333931", "Image Src": "https://example.com/red.jpg",
        "Cost per item": "20.00", "Status": "active",
    },
    {
        "Handle": "scarf", "Option1 Value": "Blue", "Option2 Value": "Short", "Variant SKU": "SC-BS",
        "Variant Inventory Tracker": "shopify", "Variant Inventory Qty": 0, "Variant Price": "40.00",
    },
    {"Handle": "scarf", "Image Src": "https://example.com/blue.jpg"},
    {
        "Handle": "mug", "Title": "Mug", "Body (HTML)": "Holds tea", "Option1 Name": "Title",
        "Option1 Value": "Default Title", "Variant SKU": "MUG", "Variant Inventory Qty": 7,
        "Variant Price": "8.00", "Status": "draft",
    },
    {
        "Handle": "repair", "Title": "Repair", "Option1 Name": "Title", "Status": "active",
        "Option1 Value": "Default Title", "Variant Price": "30.00", "Variant Inventory Qty": 0,
    },
)  # fmt: skip

WOOCOMMERCE = _table(
    "ID;Type;SKU;GTIN, UPC, EAN, or ISBN;Name;Published;Short description;Description;Tax class;"
    "In stock?;Stock;Low stock amount;Regular price;Categories;Images;Parent;Attribute 1 name;"
    "Attribute 1 value(s);Attribute 2 name;Attribute 2 value(s)",
    {
        "ID": 10, "Type": "variable", "SKU": "HOOD", "Name": "Hoodie", "Published": 1,
        "Description": "<b>Warm</b>", "Categories": "Clothing > Hoodies, Sale",
        "Images": "https://example.com/1.jpg, https://example.com/2.jpg",
        "Attribute 1 name": "Colour", "Attribute 1 value(s)": "Blue, Red", "Tax class": "reduced-rate",
    },
    {
        "ID": 11, "Type": "variation", "SKU": "HOOD-B", "Name": "Hoodie - Blue", "Published": 1,
        "GTIN, UPC, EAN, or ISBN": "4006381333931", "Stock": 4, "Regular price": "45",
        "Parent": "HOOD", "Attribute 1 value(s)": "Blue", "Tax class": "parent",
    },
    {
        "ID": 12, "Type": "simple, virtual", "SKU": "SVC", "Name": "Alteration", "Published": 1,
        "Regular price": "15", "Categories": "Services",
    },
    {
        "ID": 13, "Type": "variation", "SKU": "HOOD-R", "Name": "Hoodie - Red", "Published": 0,
        "Stock": 0, "Regular price": "47", "Parent": "id:10", "Attribute 1 value(s)": "Red",
    },
    {
        "ID": 14, "Type": "simple", "SKU": "CAP", "Name": "Cap", "Published": -1, "Stock": 9,
        "Low stock amount": 2, "Regular price": "12.50",
    },
)  # fmt: skip

SQUARE = _table(
    "Token;Item Name;Variation Name;SKU;Description;Category;GTIN;Price;Archived;Sellable;Stockable;"
    "Option Name 1;Option Value 1;Default Unit Cost;Current Quantity Harbour;New Quantity Harbour;"
    "Stock Alert Count Harbour;Current Quantity Main;Tax - VAT (6.625%)",
    {
        "Token": "T1", "Item Name": "Latte", "Variation Name": "Small", "SKU": "L-S", "Price": "3.20",
        "Category": "Coffee", "Sellable": "Y", "Stockable": "N", "Tax - VAT (6.625%)": "Y",
        "Archived": "N",
    },
    {"Token": "T2", "Item Name": "Latte", "Variation Name": "Large", "SKU": "L-L", "Price": "variable"},
    {
        "Token": "T3", "Item Name": "Beans", "Variation Name": "Regular", "SKU": "B", "Price": "12",
        "GTIN": "4006381333931", "Default Unit Cost": "6.5", "Current Quantity Harbour": 5,
        "New Quantity Harbour": 8, "Stock Alert Count Harbour": 2, "Current Quantity Main": 1,
        "Stockable": "Y", "Archived": "Y", "Tax - VAT (6.625%)": "N",
    },
)  # fmt: skip

LOYVERSE = _table(
    "Handle;SKU;Name;Category;Description;Sold by weight;Option 1 name;Option 1 value;Option 2 name;"
    "Option 2 value;Option 3 name;Option 3 value;Cost;Barcode;SKU of included item;"
    "Quantity of included item;Track stock;Available for sale [Main];Price [Main];In stock [Main];"
    "Low stock [Main];Available for sale [Harbour];Price [Harbour];In stock [Harbour];"
    "Low stock [Harbour]",
    {
        "Handle": "lemonade", "SKU": "10001", "Name": "Lemonade", "Category": "Drinks",
        "Sold by weight": "N", "Option 1 name": "Size", "Option 1 value": "Small", "Cost": "0.80",
        "Barcode": "4006381333931", "Track stock": "Y", "Available for sale [Main]": "Y",
        "Price [Main]": "2.50", "In stock [Main]": 20, "Low stock [Main]": 5,
        "Available for sale [Harbour]": "N", "Price [Harbour]": "2.80", "In stock [Harbour]": 6,
    },
    {
        "Handle": "lemonade", "SKU": "10002", "Option 1 value": "Large", "Cost": "1.10",
        "Price [Main]": "3.50", "In stock [Main]": 12, "Price [Harbour]": "3.50",
    },
    {
        "Handle": "cheese", "SKU": "10003", "Name": "Cheese", "Sold by weight": "Y", "Cost": "8.00",
        "Track stock": "Y", "Price [Main]": "15.00", "In stock [Main]": "7.25",
    },
    {
        "Handle": "basket", "SKU": "10004", "Name": "Basket", "SKU of included item": "10001",
        "Quantity of included item": 2, "Price [Main]": "variable",
    },
    {"Handle": "basket", "SKU of included item": "10003", "Quantity of included item": 1},
)  # fmt: skip

PLAIN = """\
Artikelbezeichnung;Artikelnummer;EAN;Warengruppe;Hersteller;Einheit;EK-Preis;VK brutto;MwSt;Bestand;Filiale
Grüner Tee;000123;4006381333931;Getränke > Tee;Blatt;Stk;1,50;2,99;20%;24;Hafen
Grüner Tee;000123;4006381333931;Getränke > Tee;Blatt;Stk;1,50;2,99;20%;6;Markt
Käse;K-1;;Käse;;kg;1.011,40;1.219,80;10;7,25;
"""

FILES = {
    "": PLAIN,
    "ultimatepos": ULTIMATEPOS,
    "shopify": SHOPIFY,
    "woocommerce": WOOCOMMERCE,
    "square": SQUARE,
    "loyverse": LOYVERSE,
}

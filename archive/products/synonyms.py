"""What other people call our fields, in the languages of the files that we have met.

`simple` brings a header and a synonym to the same form, so case, spaces, accents and signs do
not matter. A field's words come in the order in which they are preferred.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_IN_PARENTHESES: Final = re.compile(r"\([^)]*\)")


@lru_cache(maxsize=4096)
def simple(header: str) -> str:
    """Letters and digits alone, small, without accents."""
    plain = unicodedata.normalize("NFKD", header.casefold())
    return "".join(char for char in plain if char.isalnum())


def simple_without_notes(header: str) -> str:
    """`simple`, and without what stands in parentheses: “SKU (leave blank …)” is an SKU."""
    return simple(_IN_PARENTHESES.sub("", header))


#: Separated by commas.
_WORDS: Final[dict[str, str]] = {
    "name": "name, product name, item name, product title, item title, title, article name, "
    "product, item, article, artikelname, artikelbezeichnung, produktname, bezeichnung, artikel, "
    "produkt, наименование, название, товар, номенклатура, nom, nom du produit, nom produit, "
    "désignation, libellé, nombre, nombre del producto, producto, nome, nome prodotto, prodotto, "
    "nome do produto, produto, naam, productnaam, nazwa, nazwa produktu, název, názov, ürün adı, "
    "ürün, اسم المنتج, الاسم, שם, שם המוצר, όνομα, προϊόν, 商品名, 品名, 상품명",
    "variation": "variation, variation name, variant, variant name, variant title, variante, "
    "variantenname, ausführung, option values, вариант, variación, variazione",
    "sku": "sku, item code, product code, stock code, article number, item number, item no, code, "
    "product sku, variant sku, item sku, part number, artikelnummer, artikel nr, artnr, artikelnr, "
    "bestellnummer, артикул, код, kod, код товара, référence, ref, codigo, código, codice, "
    "codice articolo, artikelcode, referencia, referência, kod produktu, stok kodu, מקט, الرمز",
    "barcode": "barcode, barcodes, ean, ean13, ean code, gtin, upc, upc ean, upc ean isbn, "
    "ean upc, isbn, gtin upc ean or isbn, variant barcode, strichcode, штрихкод, штрих код, "
    "code barre, code barres, código de barras, codigo barras, codice a barre, streepjescode, "
    "kod kreskowy, čárový kód, barkod, الباركود, ברקוד, バーコード",
    "category": "category, category name, categories, product category, department, product group, "
    "item group, kategorie, warengruppe, produktgruppe, produktkategorie, artikelgruppe, категория, "
    "категории, группа, catégorie, categoría, categoria, rayon, famille, familia, kategoria, "
    "grupa, categorie, kategori, الفئة, קטגוריה",
    "subcategory": "subcategory, sub category, subcategory name, unterkategorie, untergruppe, "
    "подкатегория, sous catégorie, subcategoría, subcategoria, podkategoria",
    "brand": "brand, brand name, vendor, manufacturer, marke, hersteller, бренд, марка, "
    "производитель, marque, fabricant, marca, merk, marka, producent, značka, العلامة التجارية, מותג",
    "unit": "unit, unit name, uom, unit of measure, unit of measurement, einheit, mengeneinheit, me, "
    "единица, единица измерения, ед изм, unité, unidad, unidade, unità, eenheid, jednostka, jm, "
    "jednotka, birim, الوحدة, יחידה",
    "description": "description, product description, long description, details, body, body html, "
    "beschreibung, produktbeschreibung, langtext, описание, descripción, descrição, descrizione, "
    "omschrijving, opis, popis, açıklama, الوصف, תיאור",
    "cost": "cost, cost price, unit cost, purchase price, buying price, cost per item, "
    "default unit cost, supply price, wholesale price, unit cost before tax, einkaufspreis, ek, "
    "ek preis, ek netto, einstandspreis, закупочная цена, себестоимость, prix achat, prix d achat, "
    "coût, precio de compra, costo, coste, custo, preço de custo, prezzo di acquisto, "
    "inkoopprijs, cena zakupu, nákupní cena, alış fiyatı, سعر الشراء, מחיר עלות",
    "price": "price, selling price, sell price, unit price, retail price, sales price, sale price, "
    "variant price, regular price, list price, default price, price including tax, verkaufspreis, vk, "
    "vk preis, vk brutto, preis, bruttopreis, endpreis, ladenpreis, цена, розничная цена, "
    "цена продажи, prix, prix de vente, prix ttc, precio, precio de venta, pvp, preço, "
    "preço de venda, prezzo, prezzo di vendita, verkoopprijs, prijs, cena, cena sprzedaży, "
    "prodejní cena, satış fiyatı, fiyat, السعر, سعر البيع, מחיר, τιμή, 価格, 가격",
    "tax_rate": "tax rate, tax, tax name, vat, vat rate, tax category, tax class, tax percent, "
    "tax 1 percent, applicable tax, gst, sales tax, mwst, mwst satz, ust, umsatzsteuer, steuersatz, "
    "steuer, steuerklasse, ндс, tva, taux tva, iva, btw, vat stawka, stawka vat, dph, kdv, الضريبة",
    "tax_inclusive": "prices include tax, price includes tax, tax inclusive, tax included, "
    "selling price tax type, inkl mwst, preis inkl mwst, preise enthalten steuer",
    "is_stocked": "keep stock, manage stock, track stock, track inventory, enable stock, "
    "manage inventory, stock managed, stockable, lagerführung, bestandsführung, bestand führen",
    "stock": "stock, opening stock, quantity, qty, stock on hand, on hand, stock quantity, "
    "qty on hand, quantity on hand, inventory, inventory quantity, current stock, current quantity, "
    "variant inventory qty, initial stock, bestand, lagerbestand, anfangsbestand, menge, lagermenge, "
    "остаток, количество, stock initial, quantité, existencias, cantidad, giacenza, quantità, "
    "estoque, quantidade, voorraad, aantal, stan, stan magazynowy, ilość, množství, stok, miktar, "
    "الكمية, المخزون, כמות, מלאי",
    "location": "location, location name, store, store name, warehouse, branch, outlet, shop, "
    "opening stock location, stock location, filiale, standort, lagerort, geschäft, склад, магазин, "
    "magasin, entrepôt, tienda, almacén, sucursal, negozio, magazzino, loja, magazijn, magazyn, "
    "sklep, depo, الموقع, الفرع, מיקום",
    "alert_quantity": "warn below, alert quantity, low stock, low stock amount, reorder level, "
    "reorder point, minimum stock, min stock, minimum quantity, low stock threshold, mindestbestand, "
    "meldebestand, минимальный остаток, stock minimum, stock mini, stock mínimo, scorta minima, "
    "minimumvoorraad, stan minimalny",
    "is_for_sale": "can be sold, for sale, sellable, available for sale, available in pos, "
    "verkäuflich, zum verkauf",
    "not_for_sale": "not for selling, not for sale, nicht verkäuflich",
    "is_active": "active, is active, enabled, status, aktiv, активен, actif, activo, attivo, ativo, "
    "actief, aktywny",
    "is_archived": "archived, is archived, archiviert",
    "image": "picture, image, image url, image src, photo, images, product image, product image url, "
    "item image, bild, bild url, bilder, foto, изображение, фото, imagen, immagine, imagem, "
    "afbeelding, zdjęcie, obrázek, resim, الصورة, תמונה",
    "product_sku": "sku of the product, parent sku, master sku, product level sku",
    "reference": "handle, url handle, slug, token, external id, reference handle",
}  # fmt: skip

#: Fields that any table may have, whoever made it.
WORDS: Final[dict[str, tuple[str, ...]]] = {
    field: tuple(simple(word) for word in words.split(",")) for field, words in _WORDS.items()
}

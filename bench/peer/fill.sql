-- Products with stock, as oscar's own functions would leave them: one of a class, one record each.
INSERT INTO catalogue_product (structure, is_public, title, slug, description, meta_title,
    meta_description, date_created, date_updated, is_discountable, product_class_id, priority,
    upc, rating, parent_id)
SELECT 'standalone', true, 'Product ' || n, 'product-' || n, '', '', '', now(), now(), true,
       (SELECT id FROM catalogue_productclass LIMIT 1), 0, 'UPC' || n, NULL, NULL
  FROM generate_series(1, :count) n;
INSERT INTO partner_stockrecord (partner_sku, price_currency, price, num_in_stock, num_allocated,
    low_stock_threshold, date_created, date_updated, partner_id, product_id)
SELECT 'SKU' || lpad(substr(upc, 4), 6, '0'), 'EUR', 1.50 + id % 9, 1000000, 0, NULL, now(), now(),
       (SELECT id FROM partner_partner LIMIT 1), id
  FROM catalogue_product;
ANALYZE;

-- What a terminal is told of goods, in one call: what `sales/api/items_at_once.py` asks.
--
-- `asked` has
--   "now"       the time of the application
--   "token"     the hash of the device's token; "operator" that of who is signed in there, or null
--   "register"  the id of the register whose prices and stock count
--   "needed"    permissions, any one of which lets in
--   "code"      a code as typed, and "codes" that in capitals and in small letters too: the one
--               variation with this barcode or SKU
--   "find"      or what `inventory_find_v1` is asked: all that it finds
--   "digits"    the currencies that have not two decimals, each followed by how many: "BHD3 JPY0"
--   "picture"   the address of a picture around the product's id
-- Answers NULL wherever anything is out of the ordinary: a token, a person, a role or a place that does
-- not let in, a code that nothing has, and whenever the device's visit is to be noted. Then the usual
-- way (`accounts/device_door.py`, `sales/api/items.py`) asks for itself and says what is wrong.
--
-- Otherwise {"who": as sales_open_v1 has it, "content": the answer as the API writes it, byte by byte}.
--
-- It runs as whoever calls it, so row-level security binds it; the business is that of the
-- transaction and no argument. Landed: a change is sales_items_v2, beside this one, because an older
-- release may be at work while a newer one starts.
CREATE FUNCTION sales_items_v1(asked jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $function$
#variable_conflict error
DECLARE
    -- Fails where no business is bound.
    bound CONSTANT bigint := current_setting('app.business_id')::bigint;
    moment CONSTANT timestamptz := asked ->> 'now';
    signed_in CONSTANT text := asked ->> 'operator';
    -- JSON has lists of plain words as PostgreSQL has them, but for the brackets.
    needed CONSTANT text[] := translate(asked ->> 'needed', '[]', '{}');
    picture_from CONSTANT text := asked -> 'picture' ->> 0;
    picture_to CONSTANT text := asked -> 'picture' ->> 1;
    typed CONSTANT text := asked ->> 'code';
    codes text[];
    who record;
    sees_stock boolean;
    digits integer;
    ids uuid[];
    items text;
BEGIN
    SELECT caller.* INTO who
      FROM accounts_caller_v1(
               bound, moment, asked ->> 'token', signed_in, needed, every => false
           ) AS caller
      JOIN sales_register AS register
        ON register.business_id = bound
       AND register.id = (asked ->> 'register')::uuid
       AND register.location_id = caller.location_id
       AND register.is_active
       AND NOT register.is_history
      JOIN tenants_location AS location
        ON location.business_id = bound AND location.id = register.location_id
       AND location.is_active
     -- A terminal that stands at a register looks at no other, nor where its own is off.
     WHERE NOT EXISTS (
               SELECT FROM sales_register AS own
                WHERE own.business_id = bound
                  AND own.device_id = caller.device_id
                  AND (own.id <> register.id OR NOT own.is_active)
           );
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    IF typed IS NULL THEN
        ids := inventory_find_v1(asked -> 'find');
    ELSE
        -- A barcode counts before another item's SKU, and a code as typed before another case of it.
        codes := ARRAY(SELECT jsonb_array_elements_text(asked -> 'codes'));
        ids := ARRAY(
            SELECT one.id
              FROM (
                  SELECT barcode.variation_id AS id, barcode.code = typed AS has_barcode
                    FROM inventory_barcode AS barcode
                   WHERE barcode.business_id = bound AND barcode.code = ANY (codes)
                   UNION ALL
                  SELECT variation.id, false
                    FROM inventory_variation AS variation
                   WHERE variation.business_id = bound AND variation.sku = ANY (codes)
              ) AS one
              JOIN inventory_variation AS variation
                ON variation.business_id = bound AND variation.id = one.id AND variation.is_active
              JOIN inventory_product AS product
                ON product.business_id = bound
               AND product.id = variation.product_id
               AND product.is_active
               AND product.is_for_sale
             ORDER BY one.has_barcode DESC, variation.sku = typed DESC, one.id
             LIMIT 1
        );
        IF ids = '{}' THEN
            RETURN NULL;
        END IF;
    END IF;

    digits := coalesce(
        nullif(left(split_part(asked ->> 'digits', who.currency, 2), 1), '')::integer, 2
    );
    -- A list of plain words: its text is looked through sooner than it is read.
    sees_stock := who.role_permissions LIKE '%"stock.view"%'
        AND (who.device_permissions IS NULL OR who.device_permissions LIKE '%"stock.view"%');
    -- The order of the columns is that of the answer's fields, and all that is no flag is text.
    SELECT string_agg(row_to_json(item)::text, ',' ORDER BY one.place)
      INTO items
      FROM unnest(ids) WITH ORDINALITY AS one (id, place)
     CROSS JOIN LATERAL (
          SELECT variation.id,
                 product.id AS product,
                 CASE WHEN variation.name = '' THEN product.name
                      ELSE product.name || ' – ' || variation.name END AS name,
                 variation.sku,
                 ARRAY(
                     SELECT barcode.code
                       FROM inventory_barcode AS barcode
                      WHERE barcode.business_id = bound AND barcode.variation_id = variation.id
                      ORDER BY barcode.code
                 ) AS barcodes,
                 CASE WHEN scale(shown.price) < digits THEN round(shown.price, digits)
                      ELSE shown.price END::text AS price,
                 coalesce(trim_scale(tax.rate)::text, '0') AS tax_rate,
                 coalesce(tax.name, '') AS tax_name,
                 product.tax_inclusive,
                 coalesce(unit.short_name, '') AS unit,
                 coalesce(unit.allow_decimal, false) AS allow_decimal,
                 shown.is_stocked,
                 product.adds_credit,
                 CASE WHEN shown.is_stocked AND sees_stock
                      THEN trim_scale(coalesce(level.quantity, 0))::text END AS stock,
                 category.name AS category,
                 CASE WHEN product.image <> ''
                      THEN picture_from || product.id || picture_to
                           || left(regexp_replace(product.image, '^.*/|\.webp$', '', 'g'), 12)
                 END AS image
            FROM inventory_variation AS variation
            JOIN inventory_product AS product
              ON product.business_id = bound AND product.id = variation.product_id
            LEFT JOIN inventory_locationprice AS here
              ON here.business_id = bound
             AND here.variation_id = variation.id
             AND here.location_id = who.location_id
            LEFT JOIN inventory_stocklevel AS level
              ON level.business_id = bound
             AND level.variation_id = variation.id
             AND level.location_id = who.location_id
            LEFT JOIN inventory_taxrate AS tax
              ON tax.business_id = bound
             AND tax.id = product.tax_rate_id
             -- Credit is taxed when it is spent.
             AND NOT product.adds_credit
            LEFT JOIN inventory_unit AS unit
              ON unit.business_id = bound AND unit.id = product.unit_id
            LEFT JOIN inventory_category AS category
              ON category.business_id = bound AND category.id = product.category_id
           CROSS JOIN LATERAL (
                SELECT trim_scale(coalesce(here.price, variation.price)) AS price,
                       product.is_stocked AND NOT product.adds_credit AS is_stocked
           ) AS shown
           WHERE variation.business_id = bound AND variation.id = one.id
     ) AS item;

    RETURN json_build_object(
        'who', to_json(who),
        'content', CASE WHEN typed IS NULL
                        THEN '{"results":[' || coalesce(items, '') || '],"next":null}'
                        ELSE items END
    );
END
$function$;

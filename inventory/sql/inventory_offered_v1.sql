-- Of these candidates those that may be offered, in their order, at most so many: for
-- `inventory_find_v1`.
--
-- `only_these` is "sold" for what the till may sell, "kept" for what has stock, null for all. What is
-- `known` already is left out, and each is there once.
--
-- It runs as whoever calls it, so row-level security binds it; the business is that of the
-- transaction and no argument. Landed: a change is inventory_offered_v2, beside this one, because an
-- older release may be at work while a newer one starts.
CREATE FUNCTION inventory_offered_v1(
    candidates uuid[], known uuid[], only_these text, most integer
) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = public, pg_temp
AS $function$
#variable_conflict error
DECLARE
    -- Fails where no business is bound.
    bound CONSTANT bigint := current_setting('app.business_id')::bigint;
BEGIN
    RETURN ARRAY(
        SELECT one.id
          FROM (
              SELECT given.id, min(given.place) AS place
                FROM unnest(candidates) WITH ORDINALITY AS given (id, place)
               WHERE given.id <> ALL (known)
               GROUP BY given.id
               ORDER BY min(given.place)
          ) AS one
          -- One by one, and no further than there are enough: LIMIT keeps it from becoming a join of
          -- the whole catalogue.
         CROSS JOIN LATERAL (
              SELECT
                FROM inventory_variation AS variation
                JOIN inventory_product AS product
                  ON product.business_id = bound AND product.id = variation.product_id
               WHERE variation.business_id = bound
                 AND variation.id = one.id
                 AND (only_these IS NULL OR (variation.is_active AND product.is_active))
                 AND (only_these IS DISTINCT FROM 'sold' OR product.is_for_sale)
                 AND (only_these IS DISTINCT FROM 'kept' OR product.is_stocked)
               LIMIT 1
          ) AS offered
         ORDER BY one.place
         LIMIT most
    );
END
$function$;

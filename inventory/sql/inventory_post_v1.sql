-- Stock of one document, in one statement: what `inventory/ledger.py` does on PostgreSQL.
--
-- The lists are the columns of its entries, in their order: `lines` the number of each within the
-- document, `quantities` what comes in (positive) or goes out. Answers {variation: what is there now}.
--
-- Refuses, and with that ends the transaction:
--   TB001  `guarded`, and less would be there than nothing; DETAIL is {variation: what is there}.
--   23503  a variation or a location of another business, or of none.
--   23505  this document has moved stock before.
--
-- It runs as whoever calls it, so row-level security binds it; the business is that of the
-- transaction and no argument. Each row is found by its key: a session plans that once, for every
-- business, and never so that a table is read through because it was empty then. Landed: a change is
-- inventory_post_v2, beside this one, because an older release may be at work while a newer one
-- starts.
CREATE FUNCTION inventory_post_v1(
    at_location uuid,
    for_document uuid,
    its_number text,
    its_actor bigint,
    its_time timestamptz,
    guarded boolean,
    lines integer[],
    variations uuid[],
    quantities numeric[],
    unit_costs numeric[],
    kinds text[]
) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = public, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict error
DECLARE
    -- Fails where no business is bound.
    bound CONSTANT bigint := current_setting('app.business_id')::bigint;
    balances text;
    missing text;
BEGIN
    WITH entry AS (
        -- With all that the document does to the variation, and that up to this entry.
        SELECT one.*,
               sum(one.quantity) OVER (PARTITION BY one.variation_id) AS whole,
               sum(one.quantity) OVER (PARTITION BY one.variation_id ORDER BY one.place) AS so_far
          FROM unnest(lines, variations, quantities, unit_costs, kinds) WITH ORDINALITY
               AS one (line, variation_id, quantity, unit_cost, kind, place)
    ), level AS (
        -- Makes the rows that are missing and locks the others, in the order of their keys: two
        -- documents never wait for each other in a circle.
        INSERT INTO inventory_stocklevel AS known (business_id, variation_id, location_id, quantity)
        SELECT bound, entry.variation_id, at_location, entry.whole
          FROM entry
         GROUP BY entry.variation_id, entry.whole
         ORDER BY entry.variation_id
            ON CONFLICT (business_id, variation_id, location_id)
            DO UPDATE SET quantity = known.quantity + excluded.quantity
        RETURNING known.id, known.variation_id, known.quantity
    ), changed AS (
        SELECT entry.*, level.id, level.quantity AS left_over
          FROM entry
          JOIN level USING (variation_id)
    ), movement AS (
        -- Each with the balance that it left: what was there before, and the entries up to it.
        INSERT INTO inventory_stockmovement (
            business_id, level_id, kind, quantity, balance, unit_cost,
            document_id, document_number, line, actor_id, created_at
        )
        SELECT bound, changed.id, changed.kind, changed.quantity,
               changed.left_over - changed.whole + changed.so_far, changed.unit_cost,
               for_document, its_number, changed.line, its_actor, its_time
          FROM changed
         ORDER BY changed.place
    )
    SELECT json_object_agg(changed.variation_id, changed.left_over::text),
           json_object_agg(changed.variation_id, (changed.left_over - changed.whole)::text)
               FILTER (WHERE guarded AND changed.whole < 0 AND changed.left_over < 0)
      INTO balances, missing
      FROM changed;

    IF missing IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TB001', MESSAGE = 'There is not enough stock.', DETAIL = missing;
    END IF;
    RETURN coalesce(balances, '{}');
END
$function$;

-- Stock of one document, in one statement: what `inventory/ledger.py` does on PostgreSQL.
--
-- `entries` are its lines: [{"line", "variation_id", "quantity", "unit_cost", "kind"}, …], where
-- positive comes in and negative goes out. Answers {variation: what is there now}.
--
-- Refuses, and with that ends the transaction:
--   TB001  `guarded`, and less would be there than nothing; DETAIL is {variation: what is there}.
--   23503  a variation or a location of another business, or of none.
--   23505  this document has moved stock before.
--
-- It runs as whoever calls it, so row-level security binds it; the business is that of the
-- transaction and no argument. Landed: a change is inventory_post_v2, beside this one, because an
-- older release may be at work while a newer one starts.
CREATE FUNCTION inventory_post_v1(
    at_location uuid,
    for_document uuid,
    its_number text,
    its_actor bigint,
    its_time timestamptz,
    guarded boolean,
    entries jsonb
) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = public, pg_temp
AS $function$
#variable_conflict error
DECLARE
    -- Fails where no business is bound.
    bound CONSTANT bigint := current_setting('app.business_id')::bigint;
    balances jsonb;
    missing jsonb;
BEGIN
    WITH entry AS (
        SELECT *
          FROM ROWS FROM (
              jsonb_to_recordset(entries) AS (
                  line integer, variation_id uuid, quantity numeric, unit_cost numeric, kind text
              )
          ) WITH ORDINALITY AS one (line, variation_id, quantity, unit_cost, kind, place)
    ), change AS (
        SELECT entry.variation_id, sum(entry.quantity) AS quantity
          FROM entry
         GROUP BY entry.variation_id
    ), level AS (
        -- Makes the rows that are missing and locks the others, in the order of their keys: two
        -- documents never wait for each other in a circle.
        INSERT INTO inventory_stocklevel AS known (business_id, variation_id, location_id, quantity)
        SELECT bound, change.variation_id, at_location, change.quantity
          FROM change
         ORDER BY change.variation_id
            ON CONFLICT (business_id, variation_id, location_id)
            DO UPDATE SET quantity = known.quantity + excluded.quantity
        RETURNING known.id, known.variation_id, known.quantity
    ), movement AS (
        -- Each with the balance that it left: what was there before, and the lines up to it.
        INSERT INTO inventory_stockmovement (
            business_id, level_id, kind, quantity, balance, unit_cost,
            document_id, document_number, line, actor_id, created_at
        )
        SELECT bound, level.id, entry.kind, entry.quantity,
               level.quantity - change.quantity + sum(entry.quantity) OVER (
                   PARTITION BY entry.variation_id ORDER BY entry.place
               ),
               entry.unit_cost,
               for_document, its_number, entry.line, its_actor, its_time
          FROM entry
          JOIN change USING (variation_id)
          JOIN level USING (variation_id)
         ORDER BY entry.place
    )
    SELECT jsonb_object_agg(variation_id, level.quantity::text),
           jsonb_object_agg(variation_id, (level.quantity - change.quantity)::text)
               FILTER (WHERE guarded AND change.quantity < 0 AND level.quantity < 0)
      INTO balances, missing
      FROM level
      JOIN change USING (variation_id);

    IF missing IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TB001', MESSAGE = 'There is not enough stock.', DETAIL = missing::text;
    END IF;
    RETURN coalesce(balances, '{}');
END
$function$;

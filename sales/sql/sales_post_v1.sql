-- A document with all that belongs to it, in one call: what `sales/posting.py` does on PostgreSQL.
--
-- `document` has
--   "sale"      the row of sales_sale, numbered, chained and hashed
--   "lines"     rows of sales_saleline; their stock moves as they say
--   "payments"  rows of sales_payment
--   "guarded"   whether stock must not fall below zero
--   "event"     {"id", "kind"} to be told to others, or null
-- each row by the names of its columns, and without the document's and the business's key.
-- Answers {variation: what is there now}.
--
-- The caller holds the lock on the register, has decided that all this may be done, and made number
-- and hash. That it fits is looked at here once more. Refuses, and with that ends the transaction:
--   TB001  too little stock (see inventory_post_v1)
--   TB002  lines that do not sum to the document, or payments that do not pay it
--   TB003  a shift that is not open, or not this register's
--   TB004  a number or a hash that does not follow the register's last
--   23503  a variation, customer, device, … of another business, or of none
--   23505  a document with this id exists
--
-- It runs as whoever calls it, so row-level security binds it; the business is that of the
-- transaction and no argument. Each row is found by its key: a session plans that once, for every
-- business, and never so that a table is read through because it was empty then; so it plans the
-- checks of the references, too. Stock comes last: others wait for it least long. Landed: a change
-- is sales_post_v2, beside this one, because an older release may be at work while a newer one
-- starts.
CREATE FUNCTION sales_post_v1(document jsonb) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = public, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict error
DECLARE
    -- Fails where no business is bound.
    bound CONSTANT bigint := current_setting('app.business_id')::bigint;
    sale CONSTANT sales_sale := jsonb_populate_record(NULL::sales_sale, document -> 'sale');
    -- A number of a device's own series takes none of the register's.
    is_own CONSTANT boolean := sale.series = '';
    written record;
BEGIN
    -- The register goes on by one, from where the caller saw it.
    UPDATE sales_register AS register
       SET sale_counter = register.sale_counter + (is_own AND sale.kind = 'sale')::integer,
           void_counter = register.void_counter + (is_own AND sale.kind = 'void')::integer,
           refund_counter = register.refund_counter + (is_own AND sale.kind = 'refund')::integer,
           exchange_counter =
               register.exchange_counter + (is_own AND sale.kind = 'exchange')::integer,
           chain_length = sale.chain_index,
           chain_hash = sale.content_hash
     WHERE register.business_id = bound
       AND register.id = sale.register_id
       AND register.location_id = sale.location_id
       AND register.chain_length = sale.chain_index - 1
       AND register.chain_hash = sale.previous_hash
       AND (NOT is_own OR sale.counter - 1 = CASE sale.kind
               WHEN 'sale' THEN register.sale_counter
               WHEN 'void' THEN register.void_counter
               WHEN 'refund' THEN register.refund_counter
               WHEN 'exchange' THEN register.exchange_counter
           END);
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TB004', MESSAGE = 'The document does not follow the last of its register.';
    END IF;

    -- Who closes a shift locks the register first, so that it stays open from here on.
    PERFORM FROM sales_shift AS shift
      WHERE shift.business_id = bound
        AND shift.id = sale.shift_id
        AND shift.register_id = sale.register_id
        AND shift.closed_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'TB003', MESSAGE = 'The shift is not open.';
    END IF;

    WITH head AS (
        INSERT INTO sales_sale (
            id, business_id, kind, number, counter, series, is_offline,
            location_id, register_id, shift_id, operator_id, device_id, customer_id, reverses_id,
            reason, note, sold_at, business_date, created_at,
            currency, item_count, subtotal, discount, net, tax, total, rounding,
            discount_kind, discount_value,
            request_hash, chain_index, previous_hash, content_hash
        ) VALUES (
            sale.id, bound, sale.kind, sale.number, sale.counter, sale.series, sale.is_offline,
            sale.location_id, sale.register_id, sale.shift_id, sale.operator_id, sale.device_id,
            sale.customer_id, sale.reverses_id,
            sale.reason, sale.note, sale.sold_at, sale.business_date, sale.created_at,
            sale.currency, sale.item_count, sale.subtotal, sale.discount, sale.net, sale.tax,
            sale.total, sale.rounding,
            sale.discount_kind, sale.discount_value,
            sale.request_hash, sale.chain_index, sale.previous_hash, sale.content_hash
        )
    ), payment AS (
        INSERT INTO sales_payment AS payment (
            business_id, sale_id, line, method, amount, tendered, change,
            card_brand, card_last4, reference
        )
        SELECT bound, sale.id, new.line, new.method, new.amount, new.tendered, new.change,
               new.card_brand, new.card_last4, new.reference
          FROM jsonb_populate_recordset(NULL::sales_payment, document -> 'payments') AS new
        RETURNING payment.amount
    ), line AS (
        INSERT INTO sales_saleline AS line (
            business_id, sale_id, line, variation_id, name, sku, quantity,
            unit_price, unit_cost, gross, discount, sale_discount, net, tax, total,
            tax_name, tax_rate, tax_inclusive, discount_kind, discount_value,
            is_stocked, refunds_id, refunds_line
        )
        SELECT bound, sale.id, new.line, new.variation_id, new.name, new.sku, new.quantity,
               new.unit_price, new.unit_cost, new.gross, new.discount, new.sale_discount,
               new.net, new.tax, new.total,
               new.tax_name, new.tax_rate, new.tax_inclusive, new.discount_kind,
               new.discount_value, new.is_stocked, new.refunds_id, new.refunds_line
          FROM jsonb_populate_recordset(NULL::sales_saleline, document -> 'lines') AS new
        RETURNING line.line, line.variation_id, line.quantity, line.unit_cost,
                  line.net, line.tax, line.total, line.sale_discount, line.gross, line.discount,
                  line.is_stocked AND line.quantity <> 0 AS moves,
                  -- What a customer brings back is told apart from what was sold.
                  CASE WHEN line.refunds_id IS NULL THEN 'sale' ELSE 'refund' END AS kind
    )
    SELECT sum(line.net) AS net, sum(line.tax) AS tax, sum(line.total) AS total,
           sum(line.sale_discount) AS discount, sum(line.gross - line.discount) AS subtotal,
           (SELECT coalesce(sum(payment.amount), 0) FROM payment) AS paid,
           array_agg(line.line) FILTER (WHERE line.moves) AS lines,
           array_agg(line.variation_id) FILTER (WHERE line.moves) AS variations,
           array_agg(-line.quantity) FILTER (WHERE line.moves) AS quantities,
           array_agg(line.unit_cost) FILTER (WHERE line.moves) AS unit_costs,
           array_agg(line.kind) FILTER (WHERE line.moves) AS kinds
      INTO written
      FROM (SELECT * FROM line ORDER BY line.line) AS line;

    IF (written.net, written.tax, written.total, written.discount, written.subtotal, written.paid)
       IS DISTINCT FROM
       (sale.net, sale.tax, sale.total, sale.discount, sale.subtotal, sale.total + sale.rounding)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TB002', MESSAGE = 'Lines, payments and the document do not sum.';
    END IF;

    IF document -> 'event' <> 'null' THEN
        INSERT INTO webhooks_event (id, business_id, kind, object_id, data, created_at)
        VALUES (
            (document #>> '{event,id}')::uuid, bound, document #>> '{event,kind}',
            sale.id::text, '{}', sale.created_at
        );
    END IF;

    IF written.lines IS NULL THEN
        RETURN '{}';
    END IF;
    RETURN inventory_post_v1(
        sale.location_id, sale.id, sale.number, sale.operator_id, sale.sold_at,
        (document -> 'guarded')::boolean,
        written.lines, written.variations, written.quantities, written.unit_costs, written.kinds
    );
END
$function$;

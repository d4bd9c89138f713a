-- All that an ordinary sale at a terminal needs to know, in one call: what `sales/api/at_once.py` asks.
--
-- `asked` has
--   "now"         the time of the application
--   "token"       the hash of the device's token; "operator" that of who is signed in there, or null
--   "register", "sale", "customer"  ids; the customer's may be null
--   "needed"      the permissions that this sale takes
--   "variations"  the ids of what is sold
-- Answers NULL wherever anything is out of the ordinary: a token, a person, a role, a place or a
-- shift that does not let in, a sale that is known already, a customer or product that is not there,
-- and whenever the device's visit is to be noted. Then nothing was decided: the usual way
-- (`accounts/device_door.py`, `sales/checkout.py`) asks for itself and says what is wrong.
--
-- Otherwise register and open shift are locked, the register first, until the transaction ends. That
-- a sale is not known yet is asked after that: of two with the same id the second one sees the first.
--
-- It runs as whoever calls it, so row-level security binds it; the business is that of the
-- transaction and no argument. Each row is found by its key: a session plans that once, for every
-- business, and never so that a table is read through because it was empty then. Landed: a change is
-- sales_open_v2, beside this one, because an older release may be at work while a newer one starts.
CREATE FUNCTION sales_open_v1(asked jsonb) RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY INVOKER
SET search_path = public, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict error
DECLARE
    -- Fails where no business is bound.
    bound CONSTANT bigint := current_setting('app.business_id')::bigint;
    moment CONSTANT timestamptz := asked ->> 'now';
    signed_in CONSTANT text := asked ->> 'operator';
    -- JSON has lists of plain words as PostgreSQL has them, but for the brackets.
    needed CONSTANT text[] := translate(asked ->> 'needed', '[]', '{}');
    wanted CONSTANT uuid[] := translate(asked ->> 'variations', '[]', '{}');
    who record;
    place record;
    buyer text;
    goods json;
BEGIN
    SELECT * INTO who
      FROM accounts_caller_v1(bound, moment, asked ->> 'token', signed_in, needed, every => true);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    SELECT register.id, register.name, register.prefix, register.sale_counter,
           register.chain_length, register.chain_hash,
           shift.id AS shift_id,
           location.name AS location_name, location.own_time_zone, location.below_zero
      INTO place
      FROM sales_register AS register
      JOIN sales_shift AS shift
        ON shift.business_id = bound
       AND shift.register_id = register.id
       AND shift.closed_at IS NULL
      JOIN tenants_location AS location
        ON location.business_id = bound AND location.id = register.location_id
     WHERE register.business_id = bound
       AND register.id = (asked ->> 'register')::uuid
       AND register.location_id = who.location_id
       AND register.is_active
       AND location.is_active
       -- A terminal that stands at a register sells on no other, nor where its own is off.
       AND NOT EXISTS (
               SELECT FROM sales_register AS own
                WHERE own.business_id = bound
                  AND own.device_id = who.device_id
                  AND (own.id <> register.id OR NOT own.is_active)
           )
       FOR UPDATE OF register, shift;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    PERFORM FROM sales_sale AS known WHERE known.id = (asked ->> 'sale')::uuid;
    IF FOUND THEN
        RETURN NULL;
    END IF;

    IF asked ->> 'customer' IS NOT NULL THEN
        SELECT customer.name INTO buyer
          FROM sales_customer AS customer
         WHERE customer.business_id = bound
           AND customer.id = (asked ->> 'customer')::uuid
           AND customer.is_active;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;

    SELECT json_object_agg(
               variation.id,
               json_build_array(
                   CASE WHEN variation.name = '' THEN product.name
                        ELSE product.name || ' – ' || variation.name END,
                   variation.sku,
                   coalesce(here.price, variation.price)::text,
                   variation.cost::text,
                   product.tax_inclusive,
                   product.is_stocked,
                   tax.name,
                   tax.rate::text,
                   coalesce(unit.allow_decimal, false)
               )
           )
      INTO goods
      FROM inventory_variation AS variation
      JOIN inventory_product AS product
        ON product.business_id = bound AND product.id = variation.product_id
      LEFT JOIN inventory_locationprice AS here
        ON here.business_id = bound
       AND here.variation_id = variation.id
       AND here.location_id = who.location_id
      LEFT JOIN inventory_taxrate AS tax
        ON tax.business_id = bound AND tax.id = product.tax_rate_id
      LEFT JOIN inventory_unit AS unit
        ON unit.business_id = bound AND unit.id = product.unit_id
     WHERE variation.business_id = bound
       AND variation.id = ANY (wanted)
       AND variation.is_active
       AND product.is_active
       AND product.is_for_sale
       -- Credit has rules of its own.
       AND NOT product.adds_credit;

    RETURN json_build_object(
        'who', to_json(who), 'place', to_json(place), 'buyer', buyer, 'goods', goods
    );
END
$function$;

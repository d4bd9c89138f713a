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
-- sales_open_v3, beside this one, because an older release may be at work while a newer one starts.
CREATE FUNCTION sales_open_v2(asked jsonb) RETURNS jsonb
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
    needed CONSTANT text[] := ARRAY(SELECT jsonb_array_elements_text(asked -> 'needed'));
    wanted CONSTANT uuid[] :=
        ARRAY(SELECT one::uuid FROM jsonb_array_elements_text(asked -> 'variations') AS one);
    who record;
    place record;
    buyer text;
    goods jsonb;
BEGIN
    SELECT device.id AS device_id, device.location_id, member.id AS member_id,
           person.id AS person_id, coalesce(nullif(person.name, ''), person.username) AS name,
           session.id AS session_id,
           role.permissions::text AS role_permissions,
           device.permissions::text AS device_permissions,
           business.slug, business.currency, business.time_zone, business.locale,
           business.cash_step::text AS cash_step, business.sends_webhooks
      INTO who
      FROM accounts_device AS device
      JOIN tenants_business AS business ON business.id = bound AND business.is_active
      -- In whose name it was made; where people sign in, they count and not that person.
      JOIN accounts_membership AS maker
        ON maker.business_id = bound AND maker.id = device.membership_id
      JOIN accounts_user AS maker_person ON maker_person.id = maker.user_id
      LEFT JOIN accounts_operatorsession AS session
        ON session.business_id = bound
       AND session.token_hash = signed_in
       AND session.device_id = device.id
       AND session.ended_at IS NULL
       AND session.expires_at > moment
       AND session.used_at > moment - interval '1 minute'
      JOIN accounts_membership AS member
        ON member.business_id = bound
       AND member.id = CASE WHEN signed_in IS NULL THEN maker.id ELSE session.membership_id END
       AND member.is_active
      JOIN accounts_user AS person ON person.id = member.user_id AND person.is_active
      JOIN accounts_role AS role ON role.business_id = bound AND role.id = member.role_id
     WHERE device.business_id = bound
       AND device.token_hash = asked ->> 'token'
       AND device.kind = 'terminal'
       AND device.revoked_at IS NULL
       AND (device.expires_at IS NULL OR device.expires_at > moment)
       AND device.addresses IS NULL
       AND device.last_seen_at > moment - interval '5 minutes'
       AND CASE WHEN device.needs_operator THEN signed_in IS NOT NULL
                ELSE maker.is_active AND maker_person.is_active END
       AND role.permissions ?& needed
       AND (device.permissions IS NULL OR device.permissions ?& needed)
       AND (member.all_locations OR EXISTS (
               SELECT FROM accounts_membershiplocation AS link
                WHERE link.business_id = bound
                  AND link.membership_id = member.id
                  AND link.location_id = device.location_id
           ));
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

    SELECT jsonb_object_agg(
               variation.id,
               jsonb_build_array(
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

    RETURN jsonb_build_object(
        'who', to_jsonb(who), 'place', to_jsonb(place), 'buyer', buyer, 'goods', goods
    );
END
$function$;

-- Whoever stands at a terminal and may do it, now: the one text of who is let in by a single statement.
-- `sales_open_v1` and `sales_items_v1` begin with it.
--
--   bound        the business of the transaction, by which rows are found; row-level security binds it
--   moment       the time of the application
--   asked_token  the hash of the device's token
--   signed_in    that of who is signed in there, or null
--   needed       permissions: all of them where `every`, otherwise any one lets in
-- No row wherever anything is out of the ordinary: a token, a person or a role that does not let in, a
-- place that is not theirs, and whenever the visit of the device or of the operator is to be noted.
-- Then nothing was decided: `accounts/device_door.py` asks for itself and says what is wrong.
--
-- It runs as whoever calls it, and PostgreSQL puts its text into the statement that it stands in: so it
-- sets nothing, and the caller fixes the `search_path`. Landed: a change is accounts_caller_v2, beside
-- this one, because an older release may be at work while a newer one starts.
CREATE FUNCTION accounts_caller_v1(
    bound bigint,
    moment timestamptz,
    asked_token text,
    signed_in text,
    needed text[],
    every boolean
) RETURNS TABLE (
    device_id uuid,
    location_id uuid,
    member_id uuid,
    person_id bigint,
    name text,
    session_id uuid,
    role_permissions text,
    device_permissions text,
    slug text,
    currency text,
    time_zone text,
    locale text,
    cash_step text,
    sends_webhooks boolean
)
LANGUAGE sql STABLE SECURITY INVOKER
AS $function$
SELECT device.id, device.location_id, member.id,
       person.id, coalesce(nullif(person.name, ''), person.username)::text,
       session.id,
       role.permissions::text, device.permissions::text,
       business.slug::text, business.currency::text, business.time_zone::text,
       business.locale::text, business.cash_step::text, business.sends_webhooks
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
   AND device.token_hash = asked_token
   AND device.kind = 'terminal'
   AND device.revoked_at IS NULL
   AND (device.expires_at IS NULL OR device.expires_at > moment)
   AND device.addresses IS NULL
   AND device.last_seen_at > moment - interval '5 minutes'
   AND CASE WHEN device.needs_operator THEN signed_in IS NOT NULL
            ELSE maker.is_active AND maker_person.is_active END
   AND CASE WHEN every
            THEN role.permissions ?& needed
                 AND (device.permissions IS NULL OR device.permissions ?& needed)
            ELSE EXISTS (
                SELECT FROM unnest(needed) AS one
                 WHERE role.permissions ? one
                   AND (device.permissions IS NULL OR device.permissions ? one)
            ) END
   AND (member.all_locations OR EXISTS (
           SELECT FROM accounts_membershiplocation AS link
            WHERE link.business_id = bound
              AND link.membership_id = member.id
              AND link.location_id = device.location_id
       ))
$function$;

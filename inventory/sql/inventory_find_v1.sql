-- The one search for variations, in one call: what `inventory/search.py` asks, which tells its rule.
--
-- `asked` has
--   "most"     how many at most
--   "only_these"  "sold" for what the till may sell, "kept" for what has stock, null for all
--   "codes"    the text as a code: as typed, in capitals, in small letters
--   "is_scanned"  whether only a scanner types so: then what has exactly this code is all
--   "code_from", "code_beyond"  what codes that begin so lie between
--   "word_from", "word_beyond"  the same for each word, the longest one first
--   "inside"   patterns of the same words, for LIKE
-- Answers ids, best first.
--
-- Row-level security keeps LIKE, trigrams and text search out of indexes; ~>=~ and ~<~ it lets in. So
-- words are looked up in a table of words. Of several the entries of the longest are read and those
-- of each other one taken out of them, or asked one by one once there are few: no product is read
-- before it is known to have all words. Of a single one entries are read in their order until enough
-- is found. All indexes begin with the business, so nothing that others sell is touched.
--
-- It runs as whoever calls it, so row-level security binds it; the business is that of the
-- transaction and no argument. Landed: a change is inventory_find_v2, beside this one, because an
-- older release may be at work while a newer one starts.
CREATE FUNCTION inventory_find_v1(asked jsonb) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $function$
#variable_conflict error
DECLARE
    -- Fails where no business is bound.
    bound CONSTANT bigint := current_setting('app.business_id')::bigint;
    question record;
    -- Up to so many are asked one by one; beyond it is cheaper to read all entries of a word.
    few CONSTANT integer := 100;
    is_single boolean;
    -- How many candidates are looked at in one go; twice as many the next time.
    handful integer := 200;
    looked_at integer := 0;
    candidates uuid[] := '{}';
    piece uuid[];
    since text;
    beyond text;
    found uuid[] := '{}';
    exact integer;
    begun integer;
BEGIN
    SELECT * INTO question
      FROM jsonb_to_record(asked) AS given (
          most integer, only_these text, codes text[], is_scanned boolean,
          code_from text[], code_beyond text[], word_from text[], word_beyond text[], inside text[]
      );
    is_single := cardinality(question.word_from) = 1;

    -- 1. Exactly this code.
    candidates := ARRAY(
        SELECT variation.id
          FROM inventory_variation AS variation
         WHERE variation.business_id = bound AND variation.sku = ANY (question.codes)
         UNION
        SELECT barcode.variation_id
          FROM inventory_barcode AS barcode
         WHERE barcode.business_id = bound AND barcode.code = ANY (question.codes)
         ORDER BY 1
    );
    IF candidates <> '{}' THEN
        found := inventory_offered_v1(candidates, found, question.only_these, question.most);
    END IF;
    exact := cardinality(found);
    begun := exact;
    IF exact = 0 OR NOT question.is_scanned THEN

        -- 2. Codes that begin so.
        candidates := ARRAY(
            SELECT hit.id
              FROM unnest(question.code_from, question.code_beyond) AS span (since, beyond)
             CROSS JOIN LATERAL (
                  SELECT variation.id, variation.sku
                    FROM inventory_variation AS variation
                   WHERE variation.business_id = bound
                     AND variation.sku ~>=~ span.since AND variation.sku ~<~ span.beyond
                   ORDER BY variation.sku USING ~<~, variation.id
                   LIMIT question.most
              ) AS hit
             ORDER BY hit.sku USING ~<~, hit.id
             LIMIT question.most
        ) || ARRAY(
            SELECT hit.variation_id
              FROM unnest(question.code_from, question.code_beyond) AS span (since, beyond)
             CROSS JOIN LATERAL (
                  SELECT barcode.variation_id, barcode.code
                    FROM inventory_barcode AS barcode
                   WHERE barcode.business_id = bound
                     AND barcode.code ~>=~ span.since AND barcode.code ~<~ span.beyond
                   ORDER BY barcode.code USING ~<~
                   LIMIT question.most
              ) AS hit
             ORDER BY hit.code USING ~<~
             LIMIT question.most
        );
        IF candidates <> '{}' THEN
            found := found
                || inventory_offered_v1(
                       candidates, found, question.only_these, question.most - exact
                   );
        END IF;
        begun := cardinality(found);

        -- 3. Every word begins some word of it. Of several words: what has them all, the oldest first.
        candidates := '{}';
        FOR n IN 1 .. cardinality(question.word_from) LOOP
            since := question.word_from[n];
            beyond := question.word_beyond[n];
            EXIT WHEN is_single OR (n > 1 AND candidates = '{}');
            IF n = 1 THEN
                candidates := ARRAY(
                    SELECT spoken.variation_id
                      FROM inventory_searchword AS spoken
                     WHERE spoken.business_id = bound
                       AND spoken.word ~>=~ since AND spoken.word ~<~ beyond
                );
            ELSIF cardinality(candidates) > few THEN
                candidates := ARRAY(
                    SELECT unnest(candidates)
                    INTERSECT
                    SELECT spoken.variation_id
                      FROM inventory_searchword AS spoken
                     WHERE spoken.business_id = bound
                       AND spoken.word ~>=~ since AND spoken.word ~<~ beyond
                );
            ELSE
                candidates := ARRAY(
                    SELECT one
                      FROM unnest(candidates) AS one
                     WHERE EXISTS (
                           SELECT
                             FROM inventory_searchword AS spoken
                            WHERE spoken.business_id = bound
                              AND spoken.variation_id = one
                              AND spoken.word ~>=~ since AND spoken.word ~<~ beyond
                           OFFSET 0  -- stays a look-up for each
                       )
                );
            END IF;
        END LOOP;
        candidates := ARRAY(SELECT one FROM unnest(candidates) AS one ORDER BY one);

        -- Of a single word: whole words before longer ones.
        WHILE cardinality(found) < question.most LOOP
            IF is_single THEN
                piece := ARRAY(
                    SELECT spoken.variation_id
                      FROM inventory_searchword AS spoken
                     WHERE spoken.business_id = bound
                       AND spoken.word ~>=~ since AND spoken.word ~<~ beyond
                     ORDER BY spoken.word USING ~<~, spoken.variation_id
                    OFFSET looked_at LIMIT handful
                );
            ELSE
                piece := candidates[looked_at + 1 : looked_at + handful];
            END IF;
            EXIT WHEN piece = '{}';
            found := found
                || inventory_offered_v1(
                       piece, found, question.only_these, question.most - cardinality(found)
                   );
            looked_at := looked_at + handful;
            handful := handful * 2;
        END LOOP;

        -- 4. Nothing begins so: texts with the words inside, all of the business's, the oldest first.
        IF found = '{}' AND question.inside <> '{}' THEN
            found := ARRAY(
                SELECT variation.id
                  FROM inventory_variation AS variation
                  JOIN inventory_product AS product
                    ON product.business_id = bound AND product.id = variation.product_id
                 WHERE variation.business_id = bound
                   AND variation.search_text LIKE ALL (question.inside)
                   AND (question.only_these IS NULL OR (variation.is_active AND product.is_active))
                   AND (question.only_these IS DISTINCT FROM 'sold' OR product.is_for_sale)
                   AND (question.only_these IS DISTINCT FROM 'kept' OR product.is_stocked)
                 ORDER BY variation.id
                 LIMIT question.most
            );
        END IF;
    END IF;

    -- Those of one step by their names.
    RETURN ARRAY(
        SELECT one.id
          FROM unnest(found) WITH ORDINALITY AS one (id, place)
          JOIN inventory_variation AS variation
            ON variation.business_id = bound AND variation.id = one.id
          JOIN inventory_product AS product
            ON product.business_id = bound AND product.id = variation.product_id
         ORDER BY CASE WHEN one.place <= exact THEN 1 WHEN one.place <= begun THEN 2 ELSE 3 END,
                  lower(product.name) COLLATE "C", variation.position, one.id
    );
END
$function$;

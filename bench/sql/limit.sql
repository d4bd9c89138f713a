-- The limit: the same durable work as a checkout of five lines, by hand, with nothing beside it.
-- No walls, no numbers, no hashes, no texts; each reference once. Whoever wants to be faster than
-- this has to write less.
CREATE EXTENSION IF NOT EXISTS btree_gin;

CREATE TABLE shop (id int PRIMARY KEY);
CREATE TABLE item (
    id bigint PRIMARY KEY,
    shop_id int NOT NULL REFERENCES shop,
    name text NOT NULL,
    price numeric(18, 4) NOT NULL,
    words tsvector
);
CREATE TABLE barcode (
    shop_id int NOT NULL,
    code text NOT NULL,
    item_id bigint NOT NULL REFERENCES item,
    PRIMARY KEY (shop_id, code)
);
CREATE TABLE level (
    id bigint PRIMARY KEY REFERENCES item,
    quantity numeric(18, 4) NOT NULL
);
CREATE TABLE sale (
    id uuid PRIMARY KEY,
    shop_id int NOT NULL REFERENCES shop,
    sold_at timestamptz NOT NULL DEFAULT now(),
    total numeric(18, 4) NOT NULL
);
CREATE TABLE line (
    sale_id uuid NOT NULL REFERENCES sale,
    line int NOT NULL,
    item_id bigint NOT NULL REFERENCES item,
    quantity numeric(18, 4) NOT NULL,
    price numeric(18, 4) NOT NULL,
    total numeric(18, 4) NOT NULL,
    PRIMARY KEY (sale_id, line)
);
CREATE TABLE payment (
    sale_id uuid NOT NULL REFERENCES sale,
    line int NOT NULL,
    method text NOT NULL,
    amount numeric(18, 4) NOT NULL,
    PRIMARY KEY (sale_id, line)
);
CREATE TABLE movement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    level_id bigint NOT NULL REFERENCES level,
    sale_id uuid NOT NULL,
    line int NOT NULL,
    quantity numeric(18, 4) NOT NULL,
    balance numeric(18, 4) NOT NULL,
    UNIQUE (sale_id, line)
);

-- One sale of one piece of each of these items, and how many lines were posted. Items come in the
-- order of their keys: whoever sells the same ones locks them in one order.
CREATE FUNCTION post(shop int, items bigint[]) RETURNS int LANGUAGE sql AS $$
WITH asked AS (
    SELECT i.id, i.price, ordinality::int AS line
      FROM unnest(items) WITH ORDINALITY AS wanted (id, ordinality) JOIN item i USING (id)
), posted AS (
    INSERT INTO sale (id, shop_id, total)
    SELECT gen_random_uuid(), shop, sum(price) FROM asked RETURNING id, total
), lines AS (
    INSERT INTO line SELECT posted.id, line, asked.id, 1, price, price FROM posted, asked
), paid AS (
    INSERT INTO payment SELECT id, 1, 'cash', total FROM posted
), taken AS (
    UPDATE level SET quantity = level.quantity - 1 FROM asked
     WHERE level.id = asked.id AND level.quantity >= 1
    RETURNING level.id, asked.line, level.quantity
), moved AS (
    INSERT INTO movement (level_id, sale_id, line, quantity, balance)
    SELECT taken.id, posted.id, taken.line, -1, taken.quantity FROM taken, posted RETURNING 1
)
-- Too little stock of one of them: an error, and nothing is written.
SELECT 1 / (count(*) = cardinality(items))::int FROM moved
$$;

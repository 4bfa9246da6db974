-- States of portfolios that hold at the same time as another, or that end before they begin (rule A9).
WITH own AS (
    SELECT portfolio_id, portfolio_id >> 6 AS block, valid_from, valid_to FROM portfolio_version
    WHERE collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
), repeated AS (  -- blocks of 64 portfolios, as bits: hardly one is twice in a present state
    SELECT block FROM own WHERE valid_to IS NULL
    GROUP BY block HAVING count(*) > bit_count(bit_or(1::UBIGINT << (portfolio_id & 63)))
), suspected AS (
    SELECT portfolio_id FROM own WHERE valid_to IS NOT NULL
    UNION ALL
    SELECT portfolio_id FROM own SEMI JOIN repeated USING (block)
), wrong AS (
    FROM own WHERE valid_from >= valid_to
    UNION
    SELECT * FROM own SEMI JOIN suspected USING (portfolio_id)
    QUALIFY valid_from < lag(coalesce(valid_to, 'infinity'::TIMESTAMPTZ)) OVER (PARTITION BY portfolio_id ORDER BY valid_from)
)
SELECT portfolio_id, title, valid_from, valid_to, run_id
FROM portfolio_version SEMI JOIN wrong USING (portfolio_id, valid_from)
ORDER BY portfolio_id, valid_from

-- States of portfolios that hold at the same time as another, or that end before they begin (rule A9).
WITH own AS (
    SELECT portfolio_id, valid_from, valid_to FROM portfolio_version
    WHERE collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
), wrong AS (
    FROM own WHERE valid_from >= valid_to
    UNION
    SELECT * FROM own
    WHERE portfolio_id IN (SELECT portfolio_id FROM own GROUP BY portfolio_id HAVING count(*) > 1)
    QUALIFY valid_from < lag(coalesce(valid_to, 'infinity'::TIMESTAMPTZ)) OVER (PARTITION BY portfolio_id ORDER BY valid_from)
)
SELECT portfolio_id, title, valid_from, valid_to, run_id
FROM portfolio_version SEMI JOIN wrong USING (portfolio_id, valid_from)
ORDER BY portfolio_id, valid_from

-- States of portfolios that hold at the same time as another, or that end before they begin (rule A9).
SELECT portfolio_id, title, valid_from, valid_to, run_id
FROM portfolio_version
WHERE collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
QUALIFY valid_from >= valid_to
    OR valid_from < lag(coalesce(valid_to, 'infinity'::TIMESTAMPTZ)) OVER (PARTITION BY portfolio_id ORDER BY valid_from)
ORDER BY portfolio_id, valid_from

-- Which portfolio each seeker means. Input: seeker (seeker, scope, portfolio_pid, online, print, unspecified: lists of identifiers,
-- title, title_with_volume: comparable forms) and sought (portfolio_id, portfolio_pid, print_identifier, online_identifier, title,
-- title_with_volume). Output: counterpart (seeker, portfolio_ids, agrees_on, problem): one portfolio and no problem, or the candidates
-- and why none was chosen. A seeker without a candidate has no record.

-- What the two agree on, as a number in which the stronger agreement always outweighs all weaker ones together: so the best
-- candidate agrees on the strongest thing, and of several that do, on the strongest other thing.
CREATE OR REPLACE TEMP TABLE agreement AS
WITH seeker_identifier AS (
    SELECT seeker, 'online' AS kind, unnest(online) AS value FROM seeker
    UNION ALL SELECT seeker, 'print', unnest(print) FROM seeker
    UNION ALL SELECT seeker, 'unspecified', unnest(unspecified) FROM seeker
), sought_identifier AS (
    SELECT portfolio_id, 'online' AS kind, online_identifier AS value FROM sought WHERE online_identifier IS NOT NULL
    UNION ALL SELECT portfolio_id, 'print', print_identifier FROM sought WHERE print_identifier IS NOT NULL
), agreed AS (
    SELECT s.seeker, p.portfolio_id,
        CASE WHEN s.kind = 'online' AND p.kind = 'online' THEN 32 WHEN s.kind = 'print' AND p.kind = 'print' THEN 16 ELSE 8 END AS weight
    FROM seeker_identifier AS s JOIN sought_identifier AS p ON p.value = s.value
    UNION ALL
    SELECT s.seeker, p.portfolio_id, 64 FROM seeker AS s JOIN sought AS p ON p.portfolio_pid = s.portfolio_pid
    UNION ALL
    SELECT s.seeker, p.portfolio_id, 4 FROM seeker AS s JOIN sought AS p ON p.title_with_volume = s.title_with_volume
    UNION ALL
    SELECT s.seeker, p.portfolio_id, 2 FROM seeker AS s JOIN sought AS p ON p.title = s.title
)
SELECT seeker, portfolio_id, bit_or(weight) AS strength FROM agreed GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE counterpart AS
WITH best AS (
    SELECT seeker, portfolio_id, strength, count(*) OVER (PARTITION BY seeker) AS ways
    FROM (FROM agreement QUALIFY rank() OVER (PARTITION BY seeker ORDER BY strength DESC) = 1)
), single AS (
    SELECT
        b.seeker, b.portfolio_id, b.strength, s.scope,
        -- the same title alone is not enough where both sides state identifiers and these differ
        b.strength < 8 AND (
            (len(s.online) > 0 AND p.online_identifier IS NOT NULL) OR (len(s.print) > 0 AND p.print_identifier IS NOT NULL)
            OR (len(s.unspecified) > 0 AND coalesce(p.online_identifier, p.print_identifier) IS NOT NULL)
        ) AS contradicted
    FROM best AS b JOIN seeker AS s USING (seeker) JOIN sought AS p USING (portfolio_id)
    WHERE b.ways = 1
), judged AS (
    -- one to one within a file or a collection: the stronger agreement has the portfolio, equals have it neither
    SELECT *,
        rank() OVER (PARTITION BY scope, portfolio_id, contradicted ORDER BY strength DESC) AS place,
        count(*) OVER (PARTITION BY scope, portfolio_id, contradicted, strength) AS equals
    FROM single
)
SELECT
    seeker, [portfolio_id] AS portfolio_ids,
    CASE
        WHEN strength >= 64 THEN 'portfolio PID' WHEN strength >= 32 THEN 'online identifier' WHEN strength >= 16 THEN 'print identifier'
        WHEN strength >= 8 THEN 'identifier' ELSE 'title'
    END AS agrees_on,
    CASE
        WHEN contradicted THEN 'same title, other identifiers'
        WHEN place > 1 OR equals > 1 THEN 'claimed by others too'
    END AS problem
FROM judged
UNION ALL
SELECT seeker, list(portfolio_id ORDER BY portfolio_id), NULL, 'several'
FROM best WHERE ways > 1 GROUP BY seeker;

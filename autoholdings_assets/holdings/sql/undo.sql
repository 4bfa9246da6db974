-- What takes an applied plan back. Input: variables undone_at (the moment that the plan was applied at, which every version that it
-- wrote or ended bears) and vendor. Output: undone (what can be done about each portfolio that the plan changed), and what
-- lost_coverage.sql, changes.sql and apply.sql need.

CREATE OR REPLACE TEMP TABLE version_before AS
SELECT * FROM portfolio_version WHERE valid_to = getvariable('undone_at');

CREATE OR REPLACE TEMP TABLE undone AS
WITH touched AS (
    SELECT portfolio_id, any_value(collection) AS collection, bool_or(valid_to = getvariable('undone_at')) AS was_there,
        bool_or(valid_from = getvariable('undone_at')) AS was_written
    FROM portfolio_version
    WHERE valid_from = getvariable('undone_at') OR valid_to = getvariable('undone_at')
    GROUP BY portfolio_id
), since AS (
    SELECT portfolio_id,
        arg_max(coalesce(CASE WHEN valid_to > getvariable('undone_at') THEN ended_by_run_id END, run_id), coalesce(valid_to, valid_from)) AS run_id,
        max(greatest(valid_from, coalesce(valid_to, valid_from))) AS changed_at
    FROM portfolio_version SEMI JOIN touched USING (portfolio_id)
    WHERE valid_from > getvariable('undone_at') OR valid_to > getvariable('undone_at')
    GROUP BY portfolio_id
), taken AS (
    -- a portfolio that came later has the identifier that the restored one would have
    SELECT b.portfolio_id, list(p.portfolio_id ORDER BY p.portfolio_id) AS portfolio_ids, string_agg('"' || p.title || '"', ', ') AS titles
    FROM version_before AS b
    JOIN portfolio_version AS p ON p.collection = b.collection AND p.portfolio_id <> b.portfolio_id
        AND coalesce(p.online_identifier, p.print_identifier) = coalesce(b.online_identifier, b.print_identifier)
        AND p.valid_to IS NULL AND p.valid_from > getvariable('undone_at')
    GROUP BY b.portfolio_id
)
SELECT
    t.portfolio_id, t.collection, t.was_there, a.po_line, s.run_id AS changed_by_run_id, s.changed_at, k.portfolio_ids AS taken_by, k.titles AS taken_by_titles,
    CASE
        WHEN s.portfolio_id IS NOT NULL THEN 'changed since'
        WHEN k.portfolio_id IS NOT NULL THEN 'identifier taken'
        WHEN t.was_there AND t.was_written THEN 'update'
        WHEN t.was_there THEN 'activate'
        WHEN a.po_line IS NOT NULL THEN 'has PO line'
        ELSE 'remove'
    END AS outcome
FROM touched AS t
LEFT JOIN since AS s USING (portfolio_id)
LEFT JOIN taken AS k USING (portfolio_id)
LEFT JOIN acquisition AS a USING (portfolio_id);

CREATE OR REPLACE TEMP TABLE current_portfolio AS FROM portfolio SEMI JOIN undone USING (portfolio_id);
CREATE OR REPLACE TEMP TABLE current_coverage AS FROM coverage SEMI JOIN undone USING (portfolio_id);

CREATE OR REPLACE TEMP TABLE proposed_portfolio AS
SELECT b.* FROM version_before AS b SEMI JOIN (FROM undone WHERE outcome IN ('update', 'activate')) AS u USING (portfolio_id);

CREATE OR REPLACE TEMP TABLE changed_portfolio AS
SELECT portfolio_id FROM undone WHERE outcome = 'update';

CREATE OR REPLACE TEMP TABLE changed_coverage AS
SELECT DISTINCT portfolio_id
FROM coverage_version SEMI JOIN proposed_portfolio USING (portfolio_id)
WHERE valid_from = getvariable('undone_at') OR valid_to = getvariable('undone_at');

CREATE OR REPLACE TEMP TABLE proposed_statement AS
SELECT * EXCLUDE (valid_from, valid_to, run_id, ended_by_run_id)
FROM coverage_version SEMI JOIN changed_coverage USING (portfolio_id)
WHERE valid_from < getvariable('undone_at') AND (valid_to IS NULL OR valid_to >= getvariable('undone_at'));

CREATE OR REPLACE TEMP TABLE gone AS
SELECT portfolio_id, FALSE AS has_po_line FROM undone WHERE outcome = 'remove';

CREATE OR REPLACE TEMP VIEW planned_portfolio AS
SELECT
    * EXCLUDE (valid_from, valid_to, run_id, ended_by_run_id), FALSE AS is_missing,
    portfolio_id IN (FROM changed_coverage) AS writes_coverage
FROM proposed_portfolio
UNION ALL BY NAME
-- a PO line keeps what the undone run activated; no file that counts names it any more
SELECT * EXCLUDE (valid_from, valid_to, run_id, ended_by_run_id), TRUE AS is_missing, FALSE AS writes_coverage
FROM portfolio_version SEMI JOIN (FROM undone WHERE outcome = 'has PO line') AS u USING (portfolio_id)
WHERE valid_to IS NULL AND missing_since IS NULL;

CREATE OR REPLACE TEMP VIEW planned_statement AS FROM proposed_statement;

CREATE OR REPLACE TEMP TABLE changed_grant AS
WITH touched AS (
    SELECT DISTINCT portfolio_id, collection, profile FROM portfolio_grant
    WHERE (valid_from = getvariable('undone_at') OR valid_to = getvariable('undone_at'))
        AND collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
        AND portfolio_id NOT IN (SELECT portfolio_id FROM undone WHERE outcome IN ('changed since', 'identifier taken'))
), changed_since AS (
    SELECT DISTINCT portfolio_id, profile FROM portfolio_grant
    WHERE valid_from > getvariable('undone_at') OR valid_to > getvariable('undone_at')
), before AS (
    SELECT portfolio_id, profile, missing_since FROM portfolio_grant WHERE valid_to = getvariable('undone_at')
)
SELECT t.portfolio_id, t.collection, t.profile, b.missing_since, FALSE AS goes_missing, b.portfolio_id IS NOT NULL AS is_granted
FROM touched AS t
ANTI JOIN changed_since AS c ON c.portfolio_id = t.portfolio_id AND c.profile = t.profile
LEFT JOIN before AS b ON b.portfolio_id = t.portfolio_id AND b.profile = t.profile;

CREATE OR REPLACE TEMP VIEW planned_grant AS FROM changed_grant;

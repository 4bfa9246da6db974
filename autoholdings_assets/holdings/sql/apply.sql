-- Carries a plan out; runs inside one transaction. Input: planned_portfolio, planned_statement, planned_grant (the plan's contents),
-- variables plan_id, run_id, now. PO lines, licenses and notes are in acquisition_version, which is not written here.

CREATE OR REPLACE TEMP TABLE removed_portfolio AS
SELECT portfolio_id FROM plan_item WHERE plan_id = getvariable('plan_id') AND action = 'remove';

-- Whoever wrote the plan: a portfolio with a PO line is never removed (rule C19).
SELECT CASE WHEN count(*) > 0
    THEN error('The plan would remove portfolios with PO lines: ' || string_agg(a.po_line, ', ') || '. Nothing was applied.') END
FROM acquisition_version AS a SEMI JOIN removed_portfolio USING (portfolio_id)
WHERE a.valid_to IS NULL AND a.po_line IS NOT NULL;

UPDATE portfolio_version SET valid_to = getvariable('now'), ended_by_run_id = getvariable('run_id')
WHERE valid_to IS NULL AND portfolio_id IN (SELECT portfolio_id FROM planned_portfolio UNION ALL FROM removed_portfolio);

UPDATE coverage_version SET valid_to = getvariable('now'), ended_by_run_id = getvariable('run_id')
WHERE valid_to IS NULL AND portfolio_id IN (SELECT portfolio_id FROM planned_portfolio WHERE writes_coverage UNION ALL FROM removed_portfolio);

INSERT INTO portfolio_version BY NAME
SELECT
    * EXCLUDE (is_missing, writes_coverage) REPLACE (
        coalesce(activated_at, getvariable('now')) AS activated_at,
        CASE WHEN is_missing THEN getvariable('now') ELSE missing_since END AS missing_since
    ),
    getvariable('now') AS valid_from, NULL::TIMESTAMPTZ AS valid_to, getvariable('run_id') AS run_id, NULL::VARCHAR AS ended_by_run_id
FROM planned_portfolio;

-- What a file says of a title's coverage takes the place of all that was there (rule C17).
INSERT INTO coverage_version BY NAME
SELECT *, getvariable('now') AS valid_from, NULL::TIMESTAMPTZ AS valid_to, getvariable('run_id') AS run_id, NULL::VARCHAR AS ended_by_run_id
FROM planned_statement;

UPDATE portfolio_grant SET valid_to = getvariable('now'), ended_by_run_id = getvariable('run_id')
WHERE valid_to IS NULL AND (portfolio_id, profile) IN (SELECT portfolio_id, profile FROM planned_grant);

INSERT INTO portfolio_grant BY NAME
SELECT
    portfolio_id, collection, profile, CASE WHEN goes_missing THEN getvariable('now') ELSE missing_since END AS missing_since,
    getvariable('now') AS valid_from, NULL::TIMESTAMPTZ AS valid_to, getvariable('run_id') AS run_id, NULL::VARCHAR AS ended_by_run_id
FROM planned_grant WHERE is_granted;

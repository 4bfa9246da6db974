-- Which profile grants which portfolio after the plan. Input: compared_title, compared_value, proposed_portfolio, grant_of_profile,
-- frozen, graced, collection_state, portfolio_grant. Output: planned_grant, the differences: is_granted is false for a grant that ends.
CREATE OR REPLACE TEMP TABLE changed_grant AS
WITH present AS (
    SELECT portfolio_id, collection, profile, missing_since
    FROM portfolio_grant SEMI JOIN compared_value USING (portfolio_id)
    WHERE valid_to IS NULL AND collection IN (SELECT collection FROM collection_state WHERE active)
), wanted AS (
    SELECT p.portfolio_id, p.collection, g.profile, NULL::TIMESTAMPTZ AS missing_since, FALSE AS goes_missing
    FROM compared_title AS t
    JOIN proposed_portfolio AS p USING (title_key)
    JOIN grant_of_profile AS g ON (t.profiles >> g.profile_no) & 1 = 1
    UNION ALL
    -- what stays as it is, stays granted by whom it was
    SELECT p.portfolio_id, p.collection, p.profile, p.missing_since, g.portfolio_id IS NOT NULL AND p.missing_since IS NULL
    FROM present AS p
    SEMI JOIN frozen ON frozen.portfolio_id = p.portfolio_id
    LEFT JOIN graced AS g ON g.portfolio_id = p.portfolio_id AND g.profile = p.profile
)
SELECT
    coalesce(w.portfolio_id, p.portfolio_id) AS portfolio_id, coalesce(w.collection, p.collection) AS collection,
    coalesce(w.profile, p.profile) AS profile, w.missing_since, coalesce(w.goes_missing, FALSE) AS goes_missing,
    w.portfolio_id IS NOT NULL AS is_granted
FROM wanted AS w
FULL JOIN present AS p ON p.portfolio_id = w.portfolio_id AND p.profile = w.profile
WHERE w.portfolio_id IS NULL OR p.portfolio_id IS NULL OR w.goes_missing OR w.missing_since IS DISTINCT FROM p.missing_since;

CREATE OR REPLACE TEMP VIEW planned_grant AS FROM changed_grant;

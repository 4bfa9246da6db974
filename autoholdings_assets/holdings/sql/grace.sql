-- Titles that a profile's files do not name any more but that the policy grace_files still keeps. Input: link, row_outcome,
-- grant_of_profile, current_portfolio, portfolio_grant, kbart_file, frozen, named_free, variable grace_files.
-- Output: graced; its portfolios join frozen.

CREATE OR REPLACE TEMP TABLE graced AS
WITH named AS (
    SELECT DISTINCT l.portfolio_id, o.profile_no
    FROM link AS l JOIN row_outcome AS o USING (title_key) WHERE getvariable('grace_files') > 0
), missing AS (
    SELECT g.portfolio_id, g.profile, g.missing_since, p.profile_no, p.is_new, l.portfolio_id IS NULL AS is_missing
    FROM portfolio_grant AS g
    JOIN grant_of_profile AS p USING (profile)
    JOIN current_portfolio AS c USING (portfolio_id)
    LEFT JOIN link AS l USING (portfolio_id)
    ANTI JOIN named ON named.portfolio_id = g.portfolio_id AND named.profile_no = p.profile_no
    ANTI JOIN frozen ON frozen.portfolio_id = g.portfolio_id
    ANTI JOIN named_free ON named_free.portfolio_id = g.portfolio_id
    WHERE g.valid_to IS NULL AND getvariable('grace_files') > 0
        AND g.profile NOT IN (SELECT profile FROM retired_profile)
        -- a PO line keeps a missing title anyway, and staff are to hear of it at once
        AND (l.portfolio_id IS NOT NULL OR c.po_line IS NULL)
), counted AS (
    -- files, not runs: the accepted ones since the title went missing, and the one that is to be accepted now
    SELECT m.*, greatest(1, m.is_new::INT + (
        SELECT count(*) FROM kbart_file AS f
        WHERE f.profile = m.profile AND f.status = 'accepted' AND f.accepted_at >= m.missing_since
    )) AS missing_files
    FROM missing AS m
)
SELECT * FROM counted WHERE missing_files <= getvariable('grace_files');

INSERT INTO frozen
SELECT portfolio_id, min(profile_no), []::BIGINT[] FROM graced GROUP BY portfolio_id;

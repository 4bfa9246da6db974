-- Titles that a profile's files do not name any more but that the policy grace_files still keeps. Input: link, row_outcome,
-- rows_with, grant_of_profile, current_portfolio, portfolio_grant, kbart_file, frozen, variable grace_files.
-- Output: named_free (portfolios that a file names as free content) and graced; the latter's portfolios join frozen.

CREATE OR REPLACE TEMP TABLE free_outcome AS FROM row_outcome WHERE outcome = 'excluded';
CREATE OR REPLACE TEMP TABLE named_free AS
WITH free_row AS MATERIALIZED (
    SELECT collection, online_identifier, print_identifier, title_id, publication_title, monograph_volume, monograph_edition
    FROM rows_with('free_outcome')
), missing AS (SELECT * FROM current_portfolio ANTI JOIN link USING (portfolio_id))
SELECT c.portfolio_id
FROM missing AS c JOIN free_row AS f ON f.collection = c.collection AND f.online_identifier = c.online_identifier
UNION
SELECT c.portfolio_id
FROM missing AS c JOIN free_row AS f ON f.collection = c.collection AND f.print_identifier = c.online_identifier
UNION
SELECT c.portfolio_id
FROM missing AS c JOIN free_row AS f ON f.collection = c.collection AND f.online_identifier = c.print_identifier
UNION
SELECT c.portfolio_id
FROM missing AS c JOIN free_row AS f ON f.collection = c.collection AND f.print_identifier = c.print_identifier
UNION
SELECT c.portfolio_id
FROM missing AS c JOIN free_row AS f ON f.collection = c.collection AND f.title_id = c.title_id
    AND full_title(f.publication_title, f.monograph_volume, f.monograph_edition)
        = full_title(c.title, c.monograph_volume, c.monograph_edition);

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

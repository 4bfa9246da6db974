-- What the titles and portfolios that are not settled and the rows that could not be read state; see settled.py. Input: settled_title,
-- row_outcome, granted_row, portfolio_now. Output: touched_value, as numbers.
CREATE OR REPLACE TEMP TABLE touched_value AS
WITH stated AS (
    SELECT r.online_identifier, r.print_identifier, r.title_id, r.title_url
    FROM granted_row AS r WHERE r.status = 'rejected'
    UNION ALL
    SELECT r.online_identifier, r.print_identifier, r.title_id, r.title_url
    FROM row_outcome AS o JOIN granted_row AS r USING (profile_no, row_number)
    WHERE o.title_key NOT IN (SELECT title_key FROM settled_title)
    UNION ALL
    SELECT cz_online_identifier, cz_print_identifier, NULL, cz_title_url
    FROM row_outcome
    WHERE title_key NOT IN (SELECT title_key FROM settled_title) AND from_community_zone
    UNION ALL
    SELECT p.online_identifier, p.print_identifier, p.title_id, p.title_url
    FROM portfolio_now AS p
    WHERE p.portfolio_id NOT IN (SELECT portfolio_id FROM settled_title)
), numbered AS (
    SELECT unnest([{'kind': 'identifier', 'value': online_identifier}, {'kind': 'identifier', 'value': print_identifier},
        {'kind': 'title_id', 'value': title_id}, {'kind': 'title_url', 'value': title_url}], recursive := true)
    FROM stated
)
SELECT DISTINCT kind, hash(value) AS value, 0 AS round FROM numbered WHERE value IS NOT NULL;

-- What must be compared: all that is not settled. Input: granted_number, staged_row, merged_anew, row_outcome, last_title,
-- fresh_title, touched_title, activated_title, unsettled_title, settled_title, portfolio_value. Output: rows_with; compared_title,
-- compared_value (of portfolios) and picked_row (all that files and merging say of a row), each to be added to by unsettle.sql; of the
-- latter compared_row, untitled_row, the rows that are reported by themselves, and of these unreadable, those that could not be read.

CREATE OR REPLACE TEMP TABLE compared_title AS
SELECT title_key, profiles, content, is_paid
FROM fresh_title
ANTI JOIN (
    FROM last_title SEMI JOIN fresh_title USING (title_key, content) ANTI JOIN unsettled_title USING (title_key)
) AS as_before USING (title_key)
ANTI JOIN activated_title USING (title_key)
UNION ALL
SELECT title_key, profiles, content, is_paid
FROM last_title SEMI JOIN unsettled_title USING (title_key) ANTI JOIN touched_title USING (title_key) ANTI JOIN activated_title USING (title_key);

-- Blocks of 64 portfolios, as bits: quicker than a join of as many numbers as there are portfolios.
CREATE OR REPLACE TEMP TABLE compared_value AS
WITH settled AS (
    SELECT portfolio_id >> 6 AS block, bit_or(1::UBIGINT << (portfolio_id & 63)) AS ids FROM settled_title GROUP BY block
)
SELECT p.* FROM portfolio_value AS p LEFT JOIN settled AS s ON s.block = p.portfolio_id >> 6
WHERE (coalesce(s.ids, 0::UBIGINT) >> (p.portfolio_id & 63)) & 1 = 0;

-- Rows are picked out once: they are wide, and staged with all the others, but for those that were merged anew.
CREATE OR REPLACE TEMP MACRO rows_with(outcomes) AS TABLE
SELECT o.* EXCLUDE (content), r.* EXCLUDE (profile_no, row_id, collection)
FROM merged_anew AS r JOIN query_table(outcomes) AS o USING (profile_no, row_id)
UNION ALL BY NAME
SELECT o.* EXCLUDE (content), r.* EXCLUDE (profile_no, row_id, collection)
FROM staged_row AS r
JOIN (
    FROM granted_number JOIN (FROM query_table(outcomes) ANTI JOIN merged_anew USING (profile_no, row_id)) AS o USING (profile_no, row_id)
) AS o USING (profile_no, row_id);

CREATE OR REPLACE TEMP TABLE picked_outcome AS
FROM row_outcome SEMI JOIN compared_title USING (title_key)
UNION ALL
FROM row_outcome WHERE outcome IN ('rejected', 'no match', 'multiple matches');  -- these have no title
CREATE OR REPLACE TEMP TABLE picked_row AS FROM rows_with('picked_outcome');

CREATE OR REPLACE TEMP VIEW compared_row AS FROM picked_row WHERE title_key IS NOT NULL;
CREATE OR REPLACE TEMP VIEW untitled_row AS FROM picked_row WHERE title_key IS NULL;
CREATE OR REPLACE TEMP VIEW unreadable AS FROM untitled_row WHERE outcome = 'rejected';

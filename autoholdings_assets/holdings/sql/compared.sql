-- What must be compared: all that is not settled. Input: granted_row, granted_number, staged_row, merged_anew, row_outcome,
-- granted_title, activated_title, settled_title, portfolio_value. Output: compared_title, compared_value (of portfolios) and
-- compared_row (all that files and merging say of a row), each to be added to by unsettle.sql; and unreadable, the rows that could not
-- be read.

CREATE OR REPLACE TEMP TABLE compared_title AS
FROM granted_title ANTI JOIN settled_title USING (title_key) ANTI JOIN activated_title USING (title_key);

CREATE OR REPLACE TEMP TABLE compared_value AS
FROM portfolio_value ANTI JOIN settled_title USING (portfolio_id);

-- Rows are picked out once: they are wide, and staged with all the others, but for those that were merged anew.
CREATE OR REPLACE TEMP MACRO rows_with(outcomes) AS TABLE
SELECT o.* EXCLUDE (content), r.* EXCLUDE (profile_no, row_number, previous_row, collection)
FROM merged_anew AS r JOIN query_table(outcomes) AS o USING (profile_no, row_number)
UNION ALL BY NAME
SELECT o.* EXCLUDE (content, previous_row), r.* EXCLUDE (profile_no, row_id, collection)
FROM staged_row AS r
JOIN (
    FROM granted_number JOIN (FROM query_table(outcomes) ANTI JOIN merged_anew USING (profile_no, row_number)) AS o USING (profile_no, row_number)
) AS o USING (profile_no, row_id);

CREATE OR REPLACE TEMP TABLE compared_outcome AS FROM row_outcome SEMI JOIN compared_title USING (title_key);
CREATE OR REPLACE TEMP TABLE compared_row AS FROM rows_with('compared_outcome');

CREATE OR REPLACE TEMP TABLE unreadable AS
SELECT profile_no, row_number, collection, print_identifier, online_identifier, title_id, title_url
FROM granted_row WHERE status = 'rejected';

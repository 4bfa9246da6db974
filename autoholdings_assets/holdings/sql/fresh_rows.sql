-- Which rows must be merged: those that came since the plan applied last, and all that may be of one title with these, or with rows that
-- went. All others have the outcome that they had. Input: changed_row (side 1: rows that went, 2: that came), staged_row, granted_number,
-- last_outcome (the outcomes then), identified. Output: fresh_row, ended_outcome and ended_title.

CREATE OR REPLACE TEMP VIEW new_row AS
SELECT r.*, row_id AS row_number, NULL::BIGINT AS cz_title
FROM staged_row AS r SEMI JOIN (FROM changed_row WHERE side = 2) AS c USING (profile_no, row_id);

CREATE OR REPLACE TEMP TABLE touched_identity AS
SELECT identity FROM identified('new_row')
UNION
SELECT identity FROM last_outcome SEMI JOIN (FROM changed_row WHERE side = 1) AS c USING (profile_no, row_id)
WHERE identity IS NOT NULL
UNION
-- which of several repetitions counts hangs on their order, which may be another now
SELECT identity FROM last_outcome WHERE outcome = 'duplicate';

CREATE OR REPLACE TEMP TABLE ended_outcome AS
SELECT layer, position, profile_no, row_id, title_key
FROM last_outcome SEMI JOIN touched_identity USING (identity)
UNION ALL
SELECT layer, position, profile_no, row_id, NULL
FROM last_outcome SEMI JOIN (FROM changed_row WHERE side = 1) AS c USING (profile_no, row_id)
WHERE identity IS NULL;

CREATE OR REPLACE TEMP VIEW ended_title AS SELECT DISTINCT title_key FROM ended_outcome WHERE title_key IS NOT NULL;

CREATE OR REPLACE TEMP TABLE fresh_number AS
FROM granted_number SEMI JOIN (
    SELECT profile_no, row_id FROM changed_row WHERE side = 2
    UNION ALL
    SELECT profile_no, row_id FROM ended_outcome ANTI JOIN (FROM changed_row WHERE side = 1) AS c USING (profile_no, row_id)
) AS f USING (profile_no, row_id);

CREATE OR REPLACE TEMP TABLE row_to_merge AS FROM staged_row JOIN fresh_number USING (profile_no, row_id);
CREATE OR REPLACE TEMP VIEW fresh_row AS FROM row_to_merge;

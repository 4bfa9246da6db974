-- Rows that are merged as they were before: those of which, and of all that may be of their title, the files say what they said when
-- the last plan was applied. Input: granted_row, granted_number, staged_row, last_outcome (the row_outcome of that plan), identified. Output: kept_outcome, and
-- fresh_row: all other rows, which are merged anew.

-- One number for a row of a profile's file: it is joined in half the time of two.
CREATE OR REPLACE TEMP MACRO number_of_row(profile_no, row_number) AS (profile_no::BIGINT << 40) + row_number;

CREATE OR REPLACE TEMP TABLE known_row AS
SELECT number_of_row(profile_no, previous_row) AS last_row, row_number FROM granted_number WHERE previous_row IS NOT NULL;

CREATE OR REPLACE TEMP TABLE unknown_row AS
SELECT *, NULL::BIGINT AS cz_title FROM granted_row WHERE previous_row IS NULL;

CREATE OR REPLACE TEMP TABLE touched_identity AS
SELECT identity FROM identified('unknown_row')
UNION
SELECT identity FROM last_outcome
WHERE identity IS NOT NULL AND number_of_row(profile_no, row_number) NOT IN (SELECT last_row FROM known_row)
UNION
-- which of several repetitions counts hangs on their order, which may be another now
SELECT identity FROM last_outcome WHERE outcome = 'duplicate';

CREATE OR REPLACE TEMP TABLE touched_row AS
SELECT number_of_row(profile_no, row_number) AS last_row FROM last_outcome SEMI JOIN touched_identity USING (identity);

CREATE OR REPLACE TEMP TABLE kept_row AS
FROM known_row ANTI JOIN touched_row USING (last_row);

CREATE OR REPLACE TEMP TABLE row_to_merge AS
SELECT r.*, n.row_number, n.previous_row
FROM staged_row AS r
JOIN (
    FROM granted_number WHERE previous_row IS NULL OR number_of_row(profile_no, previous_row) IN (FROM touched_row)
) AS n USING (profile_no, row_id);

CREATE OR REPLACE TEMP VIEW fresh_row AS FROM row_to_merge;

CREATE OR REPLACE TEMP VIEW kept_outcome AS
SELECT o.* REPLACE (k.row_number AS row_number)
FROM last_outcome AS o JOIN kept_row AS k ON k.last_row = number_of_row(o.profile_no, o.row_number);

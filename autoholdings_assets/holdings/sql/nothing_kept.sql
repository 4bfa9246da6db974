-- Where nothing is known of rows merged before, all are merged; see kept_outcomes.sql. Input: granted_row. Output: kept_outcome, fresh_row.
CREATE OR REPLACE TEMP VIEW kept_outcome AS SELECT profile_no, row_number FROM granted_row LIMIT 0;
CREATE OR REPLACE TEMP VIEW fresh_row AS FROM granted_row;

-- Where nothing is known of rows merged before, all are merged; see fresh_rows.sql. Input: granted_row. Output: the same.
CREATE OR REPLACE TEMP VIEW fresh_row AS FROM granted_row;
CREATE OR REPLACE TEMP VIEW ended_title AS SELECT NULL::UUID AS title_key WHERE FALSE;

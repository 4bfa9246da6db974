-- Where merging went on from that of the plan applied last, only titles of rows that it did not keep can be others now. Input:
-- row_outcome, merged_anew, ended_title, last_title, titles_of. Output: see granted_title.sql.
CREATE OR REPLACE TEMP VIEW fresh_outcome AS FROM row_outcome SEMI JOIN merged_anew USING (profile_no, row_id);
CREATE OR REPLACE TEMP TABLE fresh_title AS FROM titles_of('fresh_outcome');
CREATE OR REPLACE TEMP VIEW touched_title AS FROM ended_title UNION SELECT title_key FROM fresh_title;
CREATE OR REPLACE TEMP VIEW granted_title AS
SELECT title_key, profiles, content, is_paid FROM last_title ANTI JOIN touched_title USING (title_key)
UNION ALL BY NAME
FROM fresh_title;

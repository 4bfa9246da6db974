-- The titles that the files grant, by their keys alone. Input: row_outcome, titles_of, last_title (the titles of the plan applied last).
-- Output: granted_title; fresh_title, those of them that may be others than then (here all are), and touched_title, the keys of these
-- and of all that may be granted no more.
CREATE OR REPLACE TEMP VIEW fresh_outcome AS FROM row_outcome;
CREATE OR REPLACE TEMP TABLE fresh_title AS FROM titles_of('fresh_outcome');
CREATE OR REPLACE TEMP VIEW touched_title AS SELECT title_key FROM last_title UNION ALL SELECT title_key FROM fresh_title;
CREATE OR REPLACE TEMP VIEW granted_title AS FROM fresh_title;

-- The titles with the most statements: what merging did, at a glance. Input: row_outcome, granted_row.
WITH further AS (
    SELECT title_key, count(*) AS further_rows FROM row_outcome WHERE title_key IS NOT NULL AND NOT representative GROUP BY title_key
), shown AS (
    SELECT title_key FROM row_outcome LEFT JOIN further USING (title_key)
    WHERE representative ORDER BY coalesce(further_rows, 0) DESC, title_key LIMIT 5
)
SELECT
    r.publication_title, r.print_identifier, r.online_identifier, o.statement_no, r.date_first_issue_online,
    r.date_last_issue_online, r.row_number
FROM row_outcome AS o
SEMI JOIN shown USING (title_key)
JOIN granted_row AS r USING (profile_no, row_number)
ORDER BY o.title_key, o.statement_no
LIMIT 15;

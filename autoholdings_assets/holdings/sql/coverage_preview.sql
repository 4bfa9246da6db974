-- The titles with the most statements: what merging did, at a glance. Input: row_outcome, granted_number, staged_row.
WITH further AS (
    SELECT title_key, count(*) AS further_rows FROM row_outcome WHERE title_key IS NOT NULL AND NOT representative GROUP BY title_key
), shown AS (
    SELECT title_key
    FROM (FROM further UNION ALL (SELECT title_key, 0 FROM row_outcome WHERE representative ORDER BY title_key LIMIT 5))
    GROUP BY title_key ORDER BY max(further_rows) DESC, title_key LIMIT 5
)
SELECT
    r.publication_title, r.print_identifier, r.online_identifier, o.statement_no, r.date_first_issue_online,
    r.date_last_issue_online, o.row_number
FROM (FROM row_outcome SEMI JOIN shown USING (title_key)) AS o
JOIN granted_number AS n USING (profile_no, row_number)
JOIN staged_row AS r USING (profile_no, row_id)
ORDER BY o.title_key, o.statement_no
LIMIT 15;

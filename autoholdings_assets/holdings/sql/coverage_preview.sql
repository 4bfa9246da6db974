-- Titles with the most statements: what merging did, at a glance. Input: row_outcome, granted_number, staged_row.
WITH shown AS (
    SELECT title_key
    FROM (SELECT title_key, statement_no FROM row_outcome WHERE outcome IS NULL ORDER BY statement_no DESC, title_key LIMIT 15)
    GROUP BY title_key ORDER BY max(statement_no) DESC, title_key LIMIT 5
)
SELECT
    r.publication_title, r.print_identifier, r.online_identifier, o.statement_no, r.date_first_issue_online,
    r.date_last_issue_online, n.row_number
FROM (FROM row_outcome SEMI JOIN shown USING (title_key)) AS o
JOIN granted_number AS n USING (profile_no, row_id)
JOIN staged_row AS r USING (profile_no, row_id)
ORDER BY o.title_key, o.statement_no
LIMIT 15;

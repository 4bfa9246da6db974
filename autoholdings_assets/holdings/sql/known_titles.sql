-- The titles whose result the next plan of these settings may know by their content; see settled.py. Input: compared_result,
-- settled_title, activated_title, granted_title, link.
SELECT title_key, portfolio_id, content, '{settings}' AS settings
FROM (
    SELECT title_key, portfolio_id, content FROM compared_result JOIN granted_title USING (title_key)
    WHERE action NOT IN ('keep', 'multiple matches')
        AND title_key NOT IN (SELECT title_key FROM link WHERE agrees_on <> 'online identifier')
    UNION ALL
    SELECT title_key, portfolio_id, content FROM settled_title
    UNION ALL
    SELECT title_key, portfolio_id, content FROM activated_title
)

-- The titles of a plan that the one before has not, or not so; see settled.py. The next plan of these settings may know the result of
-- one by its content where it has a portfolio_id. Input: compared_title, compared_result, activated_title, link.
SELECT t.title_key, r.portfolio_id, t.content, t.profiles::DECIMAL(38, 0) AS profiles, t.is_paid
FROM compared_title AS t
LEFT JOIN (
    SELECT title_key, portfolio_id FROM compared_result
    WHERE action NOT IN ('keep', 'multiple matches')
        AND title_key NOT IN (SELECT title_key FROM link WHERE agrees_on <> 'online identifier')
) AS r USING (title_key)
UNION ALL
SELECT title_key, portfolio_id, content, profiles::DECIMAL(38, 0), is_paid FROM activated_title

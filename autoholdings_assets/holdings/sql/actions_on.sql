-- What runs and people did to a portfolio, oldest first. Parameter: portfolio_id.
SELECT a.*, p.kind, p.undoes_plan_id, f.file_name, d.decided_by, d.why
FROM portfolio_action AS a
JOIN plan AS p USING (plan_id)
LEFT JOIN (SELECT DISTINCT file_sha256, file_name FROM kbart_file) AS f USING (file_sha256)
LEFT JOIN plan_decision AS d ON d.plan_id = a.plan_id AND d.decision = 'accepted'
WHERE a.portfolio_id = $portfolio_id
ORDER BY a.occurred_at;

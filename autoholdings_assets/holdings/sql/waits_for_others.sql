-- Whether a run rightly changed nothing: its plan is held, or no profile brought a file that can be used. Parameters: run_id, failed (the
-- outcomes at a profile that bring none).
SELECT count(*)
FROM job_run AS r
LEFT JOIN (
    SELECT run_id, vendor, bool_and(list_contains($failed::VARCHAR[], outcome)) AS came_to_nothing
    FROM job_run_profile WHERE run_id = $run_id GROUP BY ALL
) AS p USING (run_id, vendor)
WHERE r.run_id = $run_id
    AND (r.outcome = 'held' OR (r.outcome = 'nothing applied' AND r.plan_id IS NULL AND p.came_to_nothing));

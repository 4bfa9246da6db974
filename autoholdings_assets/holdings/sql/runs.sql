-- The runs of the job, and the moves of PO lines and licenses, newest first. Parameters: run (the beginning of an id), vendor, profile
-- (which the run handled), until, limit.
WITH run AS (
    SELECT
        r.run_id, r.vendor, coalesce(p.kind, 'upload') AS kind, r.started_at, r.ended_at,
        -- killed between the commit and the record of it
        CASE WHEN p.applied_run_id = r.run_id AND coalesce(r.outcome, 'dry run') = 'dry run' THEN 'done' ELSE r.outcome END AS outcome,
        r.message, p.plan_id, coalesce(p.applied_run_id = r.run_id, FALSE) AS changed, r.groups, r.acted_by,
        coalesce(r.counters, p.counters, []) AS counters, p.files
    FROM job_run AS r
    LEFT JOIN plan AS p ON p.vendor = r.vendor AND p.plan_id = r.plan_id
    UNION ALL
    SELECT applied_run_id, vendor, kind, made_at, applied_at, 'done', notes[1], plan_id, TRUE, [], applied_by, counters, files
    FROM plan WHERE kind = 'move'
)
SELECT * EXCLUDE (files)
FROM run AS r
WHERE ($run IS NULL OR starts_with(run_id, $run))
    AND ($vendor IS NULL OR vendor = $vendor)
    AND ($until::TIMESTAMPTZ IS NULL OR started_at <= $until)
    AND ($profile IS NULL
        OR EXISTS (FROM job_run_profile AS p WHERE p.run_id = r.run_id AND p.vendor = r.vendor AND p.profile = $profile)
        OR list_contains(list_transform(files, lambda f: f.profile), $profile))
ORDER BY started_at DESC
LIMIT $limit;

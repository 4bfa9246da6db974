-- The profiles of ``profiles`` whose file did not come, or could not be used, when a run asked for it last; since when that
-- is so, and what was said.
WITH met AS (
    SELECT *, row_number() OVER (PARTITION BY profile ORDER BY at_time DESC) AS nth
    FROM job_run_profile WHERE vendor = getvariable('vendor') AND list_contains(getvariable('profiles')::VARCHAR[], profile)
), since AS (
    SELECT m.profile, min(m.at_time) AS since
    FROM met AS m
    ANTI JOIN met AS good
        ON good.profile = m.profile AND good.at_time >= m.at_time AND good.outcome NOT IN ('failed', 'refused')
    GROUP BY m.profile
)
SELECT m.profile, m.message, m.advice, m.run_id, s.since
FROM met AS m JOIN since AS s ON s.profile = m.profile
WHERE m.nth = 1
ORDER BY m.profile;

-- What a run met at each profile; and for those it did not ask (it carried out a plan that was there, or they are Inactive) the file
-- that its plan rests on. Parameters: run_id, vendor, plan_id.
WITH met AS (
    SELECT profile, outcome, message, advice, file_sha256 FROM job_run_profile WHERE run_id = $run_id AND vendor = $vendor
), planned AS (
    SELECT unnest(files, recursive := true) FROM plan WHERE plan_id = $plan_id
), handled AS (
    SELECT
        coalesce(m.profile, p.profile) AS profile, m.outcome, coalesce(m.message, '') AS message, coalesce(m.advice, '') AS advice,
        CASE WHEN m.profile IS NULL THEN p.file_sha256 ELSE m.file_sha256 END AS file_sha256
    FROM met AS m FULL JOIN planned AS p ON p.profile = m.profile
)
SELECT
    h.profile, coalesce(i.groups, []) AS groups, h.outcome, h.message, h.advice, h.file_sha256, f.file_name, f.file_date,
    f.total_rows, f.valid_rows, f.rejected_rows, f.excluded_rows
FROM handled AS h
LEFT JOIN kbart_file AS f ON f.profile = h.profile AND f.file_sha256 = h.file_sha256
LEFT JOIN integration_profile AS i ON i.name = h.profile
ORDER BY h.profile;

-- For each of the profiles in ``profiles``: when it was asked first, when it last brought its file (or the vendor said
-- that the last one still holds), and the date of its newest file; and the start of the last run that brought the vendor's
-- holdings up to date, which one that was held or applied nothing has not.
SELECT
    p.profile,
    min(o.at_time) AS first_asked_at,
    max(o.at_time) FILTER (o.outcome IN ('new file', 'same file', 'not modified')) AS brought_at,
    (
        SELECT arg_max(coalesce(f.file_date, f.retrieved_at::DATE), f.retrieved_at) FROM kbart_file AS f
        WHERE f.profile = p.profile AND f.vendor = getvariable('vendor')
    ) AS file_date,
    (
        SELECT max(r.started_at) FROM job_run AS r
        WHERE r.vendor = getvariable('vendor') AND r.outcome IN ('done', 'done with findings', 'nothing new')
    ) AS done_at
FROM (SELECT unnest(getvariable('profiles')) AS profile) AS p
LEFT JOIN job_run_profile AS o ON o.profile = p.profile AND o.vendor = getvariable('vendor')
GROUP BY p.profile
ORDER BY p.profile;

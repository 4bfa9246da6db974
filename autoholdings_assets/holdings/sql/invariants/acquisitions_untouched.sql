-- PO lines, licenses and notes that began or ended with a run of the upload job, which never writes them (rule C19).
SELECT a.portfolio_id, a.po_line, a.license, a.valid_from, a.valid_to, p.applied_run_id AS run_id
FROM acquisition_version AS a
JOIN plan AS p ON p.applied_at IN (a.valid_from, a.valid_to)
WHERE p.status = 'applied' AND p.kind IN ('upload', 'undo') AND p.vendor = getvariable('vendor')

-- Vendors' files that must stay in the archive, whatever their age. Variables: archive_files, archive_since, undoable_runs.
WITH rests_on AS (
    SELECT plan_id, unnest(files, recursive := true) FROM plan
), applied AS (
    -- undoing a run goes back to the files of the one before it
    SELECT plan_id FROM plan WHERE status = 'applied' AND kind IN ('upload', 'undo')
    QUALIFY row_number() OVER (PARTITION BY vendor ORDER BY applied_at DESC) <= getvariable('undoable_runs') + 1
)
SELECT file_sha256 FROM entitlement
UNION
SELECT file_sha256 FROM kbart_file WHERE retrieved_at >= getvariable('archive_since')
UNION
FROM (
    SELECT file_sha256 FROM kbart_file
    QUALIFY row_number() OVER (PARTITION BY profile ORDER BY retrieved_at DESC) <= getvariable('archive_files')
)
UNION
SELECT file_sha256 FROM rests_on SEMI JOIN applied USING (plan_id)
UNION
SELECT r.file_sha256 FROM rests_on AS r JOIN plan AS p USING (plan_id) WHERE p.status IN ('ready', 'held', 'accepted', 'rejected');

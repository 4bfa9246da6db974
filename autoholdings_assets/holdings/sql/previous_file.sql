-- The file that a profile brought last. One that was delivered by hand counts only ``with_deliveries``, and not when it
-- was refused or a person rejected its plan: then the vendor's last file stands as before.
SELECT
    file_sha256, file_name, file_date, size_bytes, etag, last_modified, content_type, retrieved_from
FROM kbart_file AS f
WHERE f.profile = $profile AND (
    f.retrieved_from <> $inbox
    OR $with_deliveries AND f.status <> 'refused' AND NOT EXISTS (
        FROM plan AS p
        WHERE p.status = 'rejected'
            AND list_contains(p.files, {'profile': f.profile, 'file_sha256': f.file_sha256})
    )
)
ORDER BY f.retrieved_at DESC LIMIT 1;

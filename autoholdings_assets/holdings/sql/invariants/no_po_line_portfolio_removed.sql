-- PO lines whose portfolio is not there any more (rule C19).
SELECT v.portfolio_id, v.title, a.po_line, v.valid_to AS removed_at, v.ended_by_run_id AS removed_by_run
FROM acquisition_version AS a
JOIN portfolio_version AS v USING (portfolio_id)
WHERE a.valid_to IS NULL AND a.po_line IS NOT NULL
    AND v.collection IN (SELECT name FROM electronic_collection WHERE vendor = getvariable('vendor'))
    AND NOT EXISTS (FROM portfolio_version AS c WHERE c.portfolio_id = a.portfolio_id AND c.valid_to IS NULL)
QUALIFY row_number() OVER (PARTITION BY v.portfolio_id ORDER BY v.valid_from DESC) = 1

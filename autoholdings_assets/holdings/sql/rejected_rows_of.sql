-- Rows that could not be read and name a portfolio by an identifier or title_id that it has or had, newest first. Parameters:
-- portfolio_id, most.
WITH version AS (
    SELECT collection, online_identifier, print_identifier, title_id FROM portfolio_version WHERE portfolio_id = $portfolio_id
), known AS (
    SELECT unnest([online_identifier, print_identifier]) AS identifier FROM version
)
SELECT f.retrieved_at, f.file_name, r.profile, r.row_number, string_agg(r.message, ' ') AS message
FROM rejected_row AS r JOIN kbart_file AS f USING (profile, file_sha256)
WHERE r.vendor IN (SELECT vendor FROM electronic_collection WHERE name IN (SELECT collection FROM version))
    AND (r.online_identifier IN (FROM known) OR r.print_identifier IN (FROM known) OR r.title_id IN (SELECT title_id FROM version))
GROUP BY ALL
ORDER BY f.retrieved_at DESC, r.row_number
LIMIT $most;

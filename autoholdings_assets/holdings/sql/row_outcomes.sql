-- What becomes of each row before any portfolio is looked at. Input: fresh_row, cz_match, cz_title, merged_row, collection_state.
-- Gives the records of row_outcome, one for every row; outcome is null for a row that grants.
SELECT
    r.profile_no,
    r.row_id,
    r.collection,
    CASE
        WHEN r.status <> 'valid' THEN r.status
        WHEN NOT coalesce(s.active, FALSE) THEN 'collection not active'
        WHEN z.outcome IS NOT NULL THEN z.outcome
        WHEN m.duplicate THEN 'duplicate'
    END AS outcome,
    z.candidates,
    m.identity,
    m.title_key,
    m.statement_no,
    coalesce(r.access_type = 'P', FALSE) AS is_paid,
    r.content,
    coalesce(m.representative, FALSE) AS representative,
    coalesce(m.shared_identifier, FALSE) AS shared_identifier,
    z.cz_title IS NOT NULL AS from_community_zone,
    t.print_identifier AS cz_print_identifier,
    t.online_identifier AS cz_online_identifier,
    t.title_url AS cz_title_url
FROM fresh_row AS r
LEFT JOIN collection_state AS s ON s.collection = r.collection
LEFT JOIN cz_match AS z ON z.profile_no = r.profile_no AND z.row_number = r.row_number
LEFT JOIN cz_title AS t ON t.cz_title = z.cz_title
LEFT JOIN merged_row AS m ON m.profile_no = r.profile_no AND m.row_number = r.row_number

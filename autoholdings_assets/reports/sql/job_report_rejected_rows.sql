-- The faults for which rows of these files were rejected, in the order of the files. Parameters: profiles and files (side by side),
-- most.
SELECT profile, row_number, column_name, value, rule, message, publication_title, online_identifier, print_identifier, title_id
FROM rejected_row
SEMI JOIN (SELECT unnest($profiles) AS profile, unnest($files) AS file_sha256) AS wanted USING (profile, file_sha256)
QUALIFY row_number() OVER (PARTITION BY profile ORDER BY row_number, column_name) <= $most
ORDER BY profile, row_number, column_name;

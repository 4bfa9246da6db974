-- What the records are made of besides the history, before any file is looked at; an undo has no files and no rows.
CREATE OR REPLACE TEMP TABLE actions_file (
    file_no BIGINT, profile VARCHAR, file_sha256 VARCHAR, file_name VARCHAR, file_date DATE, total_rows BIGINT
);

CREATE OR REPLACE TEMP TABLE actions_no_row (
    profile VARCHAR, row_number BIGINT, collection VARCHAR, outcome VARCHAR, portfolio_id BIGINT
);

CREATE OR REPLACE TEMP TABLE actions_no_file_row (
    file_no BIGINT, row_number BIGINT, reason VARCHAR, publication_type VARCHAR, publication_title VARCHAR,
    print_identifier VARCHAR, online_identifier VARCHAR, from_date DATE, until_date DATE, given_1 VARCHAR
);

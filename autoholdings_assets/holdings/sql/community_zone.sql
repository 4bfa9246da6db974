-- The rows of the Community Zone title lists that are configured; filled by titles.py.
CREATE OR REPLACE TEMP TABLE cz_row (
    collection VARCHAR, row_number BIGINT, publication_type VARCHAR, publication_title VARCHAR, print_identifier VARCHAR,
    online_identifier VARCHAR, title_url VARCHAR, monograph_volume VARCHAR, monograph_edition VARCHAR, from_date DATE, until_date DATE
);

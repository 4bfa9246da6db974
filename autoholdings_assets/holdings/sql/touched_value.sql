-- What is stated by all that is compared and by the rows that could not be read; see settled.py. Input: compared_row, unreadable,
-- compared_value. Output: values_of, and touched_value, as numbers.

-- Each value of a relation of such numbers, with what it is a value of.
CREATE OR REPLACE TEMP MACRO values_of(relation) AS TABLE
SELECT kind, value FROM (
    SELECT unnest([{'kind': 'identifier', 'value': online_value}, {'kind': 'identifier', 'value': print_value},
        {'kind': 'title_id', 'value': title_id_value}, {'kind': 'title_url', 'value': title_url_value}], recursive := true)
    FROM query_table(relation)
) WHERE value IS NOT NULL;

CREATE OR REPLACE TEMP TABLE touched_value AS
WITH stated AS (
    SELECT online_identifier, print_identifier, title_id, title_url FROM unreadable
    UNION ALL
    SELECT online_identifier, print_identifier, title_id, title_url FROM compared_row
    UNION ALL
    SELECT cz_online_identifier, cz_print_identifier, NULL, cz_title_url FROM compared_row WHERE from_community_zone
), numbered AS (
    SELECT
        number_of(online_identifier) AS online_value, number_of(print_identifier) AS print_value,
        number_of(title_id) AS title_id_value, number_of(title_url) AS title_url_value
    FROM stated
    UNION ALL
    SELECT online_value, print_value, title_id_value, title_url_value FROM compared_value
)
SELECT DISTINCT kind, value, 0 AS round FROM values_of('numbered');

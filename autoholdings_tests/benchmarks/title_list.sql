-- A title list as Wiley makes them: seven rows of ten are books, three are journals' rows, two a journal. Variables: row_count,
-- week (0: the first file; 1: a hundredth of the titles is changed, new or gone).
CREATE OR REPLACE TEMP MACRO weighted_sum(digits, weights) AS
    list_sum(list_transform(generate_series(1, len(weights)), lambda place: digits[place]::BIGINT * weights[place]))::BIGINT;
CREATE OR REPLACE TEMP MACRO issn_of(digits) AS
    digits[1:4] || '-' || digits[5:7] || '0123456789X'[1 + (11 - weighted_sum(digits, [8, 7, 6, 5, 4, 3, 2]) % 11) % 11];
CREATE OR REPLACE TEMP MACRO isbn_of(digits) AS
    digits || ((10 - weighted_sum(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10) % 10)::VARCHAR;
CREATE OR REPLACE TEMP MACRO issn(number) AS issn_of(lpad((number % 10000000)::VARCHAR, 7, '0'));
CREATE OR REPLACE TEMP MACRO isbn(number) AS isbn_of('978' || lpad((number % 1000000000)::VARCHAR, 9, '0'));
CREATE OR REPLACE TEMP MACRO word(number) AS
    ['Analysis', 'Biology', 'Chemistry', 'Design', 'Ecology', 'Finance', 'Geology', 'History', 'Immunology', 'Justice', 'Kinetics',
     'Linguistics', 'Medicine', 'Nursing', 'Optics', 'Physics', 'Quality', 'Robotics', 'Society', 'Theory', 'Urology', 'Vision'][1 + number % 22];

WITH numbered AS (
    SELECT i, i < getvariable('row_count') * 7 // 10 AS is_book, getvariable('row_count') * 7 // 10 AS books FROM range(getvariable('row_count')) AS r(i)
), title AS (
    SELECT *, CASE WHEN is_book THEN i ELSE books + (i - books) // 2 END AS t FROM numbered
), scattered AS (
    SELECT *, t * 2654435761 % 2147483648 AS h FROM title
), of_week AS (
    -- of a thousand titles eight are changed, one is gone and another has come
    SELECT *, getvariable('week') > 0 AND h % 1000 < 8 AS is_changed,
        CASE WHEN getvariable('week') > 0 AND h % 1000 = 8 THEN t + 40000000 ELSE t END AS n
    FROM scattered
)
SELECT
    CASE WHEN is_book THEN word(h) || ' of ' || word(h // 32) || ' and ' || word(h // 1024) || ': a Study of the ' || word(h // 32768) || ' of ' || n
        ELSE 'Journal of ' || word(h) || ' and ' || word(h // 32) || ' (' || n || ')' END AS publication_title,
    CASE WHEN is_book THEN isbn(2 * n) ELSE issn(2 * n) END AS print_identifier,
    CASE WHEN is_book THEN isbn(2 * n + 1) ELSE issn(2 * n + 1) END AS online_identifier,
    CASE WHEN is_book THEN NULL WHEN i % 2 = 0 THEN (1900 + h % 60)::VARCHAR || '-01-01' ELSE '1997-01-01' END AS date_first_issue_online,
    CASE WHEN is_book THEN NULL WHEN i % 2 = 0 THEN '1' ELSE (20 + h % 40)::VARCHAR END AS num_first_vol_online,
    CASE WHEN NOT is_book THEN '1' END AS num_first_issue_online,
    CASE WHEN is_book OR i % 2 = 1 THEN NULL ELSE '1996-12-31' END AS date_last_issue_online,
    CASE WHEN is_book OR i % 2 = 1 THEN NULL ELSE (19 + h % 40)::VARCHAR END AS num_last_vol_online,
    CASE WHEN is_book OR i % 2 = 1 THEN NULL ELSE '12' END AS num_last_issue_online,
    'https://onlinelibrary.wiley.example/' || CASE WHEN is_book THEN 'doi/book/10.1002/' ELSE 'journal/10.1111/(ISSN)' END || n AS title_url,
    CASE WHEN is_book THEN word(h // 7) || 'son' END AS first_author,
    CASE WHEN is_book THEN '10.1002/' ELSE '10.1111/(ISSN)' END || n AS title_id,
    CASE WHEN NOT is_book AND h % 9 = 0 THEN 'P1Y' END AS embargo_info,
    'fulltext' AS coverage_depth,
    NULL AS notes,
    CASE WHEN is_changed THEN 'Wiley-VCH' ELSE 'Wiley' END AS publisher_name,
    CASE WHEN is_book THEN 'monograph' ELSE 'serial' END AS publication_type,
    CASE WHEN is_book THEN (1980 + h % 40)::VARCHAR END AS date_monograph_published_print,
    CASE WHEN is_book THEN (1990 + h % 30)::VARCHAR || '-05-06' END AS date_monograph_published_online,
    NULL AS monograph_volume,
    CASE WHEN is_book THEN (1 + h % 3)::VARCHAR END AS monograph_edition,
    NULL AS first_editor,
    NULL AS parent_publication_title_id,
    NULL AS preceding_publication_title_id,
    'P' AS access_type
FROM of_week ORDER BY i

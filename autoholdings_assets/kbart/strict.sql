-- What strict mode lets stand in a cell, each macro null for what it does not. See strict.py.

-- Weighted sums of ISSN (ISO 3297) and ISBN-13 (ISO 2108), of the digits before the check digit and of all thirteen.
CREATE OR REPLACE TEMP MACRO issn_sum(n) AS
    8 * (n // 1000000) + 7 * (n // 100000 % 10) + 6 * (n // 10000 % 10) + 5 * (n // 1000 % 10)
    + 4 * (n // 100 % 10) + 3 * (n // 10 % 10) + 2 * (n % 10);
CREATE OR REPLACE TEMP MACRO isbn_sum(n) AS
    n // 1000000000000 + 3 * (n // 100000000000 % 10) + n // 10000000000 % 10 + 3 * (n // 1000000000 % 10)
    + n // 100000000 % 10 + 3 * (n // 10000000 % 10) + n // 1000000 % 10 + 3 * (n // 100000 % 10)
    + n // 10000 % 10 + 3 * (n // 1000 % 10) + n // 100 % 10 + 3 * (n // 10 % 10) + n % 10;

CREATE OR REPLACE TEMP MACRO strict_issn(v) AS
    CASE WHEN regexp_full_match(v, '\d{4}-\d{3}[\dX]') AND v <> '0000-0000'
        AND (issn_sum(try_cast(v[1:4] || v[6:8] AS INTEGER)) + CASE v[9] WHEN 'X' THEN 10 ELSE try_cast(v[9] AS INTEGER) END) % 11 = 0
        THEN v END;
CREATE OR REPLACE TEMP MACRO strict_isbn(v) AS
    CASE WHEN regexp_full_match(v, '97[89]\d{10}') AND isbn_sum(try_cast(v AS BIGINT)) % 10 = 0 THEN v END;
CREATE OR REPLACE TEMP MACRO strict_identifier(v) AS CASE strlen(v) WHEN 9 THEN strict_issn(v) WHEN 13 THEN strict_isbn(v) END;

CREATE OR REPLACE TEMP MACRO is_kbart_year(v) AS v BETWEEN '1400' AND '2199' OR v = '9999';
CREATE OR REPLACE TEMP MACRO strict_date(v) AS
    CASE WHEN regexp_full_match(v, '\d{4}(-\d{2}(-\d{2})?)?') AND is_kbart_year(v[1:4]) AND try_cast(left(v || '-01-01', 10) AS DATE) IS NOT NULL
        THEN v END;
-- A coverage date is as precise as it was given, if that is what its day (the first or last of the period) came from.
CREATE OR REPLACE TEMP MACRO strict_coverage_date(v, day) AS
    CASE WHEN length(v) IN (4, 7, 10) AND starts_with(day::VARCHAR, v) AND is_kbart_year(v[1:4]) THEN v ELSE strict_date(day::VARCHAR) END;

CREATE OR REPLACE TEMP MACRO strict_embargo(v) AS
    CASE WHEN regexp_full_match(v, '[PR][1-9]\d{0,3}[DMY]|R[1-9]\d{0,3}[DMY];P[1-9]\d{0,3}[DMY]') THEN v END;
CREATE OR REPLACE TEMP MACRO strict_address(v) AS CASE WHEN regexp_matches(v, '^(?i:https?)://[^\s/?#]+\S*$') THEN v END;
CREATE OR REPLACE TEMP MACRO strict_depth(v) AS CASE WHEN v IN ('fulltext', 'selected articles', 'abstracts') THEN v END;
CREATE OR REPLACE TEMP MACRO strict_access(v) AS CASE WHEN v IN ('F', 'P', 'M') THEN v END;
-- A number may be anything that is not another column's: a word of KBART's, or an address.
CREATE OR REPLACE TEMP MACRO strict_number(v) AS
    CASE WHEN v NOT IN ('fulltext', 'serial', 'monograph') AND NOT contains(v, '://') THEN v END;

-- Characters that no cell may have: controls, which end a cell or a line too, and what stands for a lost letter.
CREATE OR REPLACE TEMP MACRO is_untidy(v) AS regexp_matches(v, '[\x00-\x1f\x7f\x{200b}\x{feff}\x{fffd}]|\\[rnt]');
CREATE OR REPLACE TEMP MACRO tidied(v) AS
    nullif(trim(regexp_replace(
        regexp_replace(replace(v, chr(65533), '?'), '[\x00-\x1f\x7f\x{200b}\x{feff}]+', ' ', 'g'), '(\s*\\[rnt])+\s*$', ''
    )), '');
-- The first character tells nearly always.
CREATE OR REPLACE TEMP MACRO is_blank(v) AS
    v IS NULL OR (ascii(v) NOT BETWEEN 33 AND 126 AND NOT regexp_matches(v, '[^\s\p{Z}\x{85}]'));

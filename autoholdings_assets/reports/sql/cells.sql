-- How values become the cells of a worksheet, as XML. Input: variables most_characters, refused and shown (each character
-- that XML refuses, and what stands for it). A value that is null has no cell.

CREATE OR REPLACE TEMP MACRO escaped(v) AS
    CASE WHEN contains(v, '&') OR contains(v, '<') OR contains(v, '>')
        THEN replace(replace(replace(v, '&', '&amp;'), '<', '&lt;'), '>', '&gt;') ELSE v END;

-- Text is text whatever it looks like; the style that guards it keeps the beginning of a formula text when it is edited too.
CREATE OR REPLACE TEMP MACRO text_cell(place, style, guarding_style, v) AS
    CASE WHEN v IS NULL OR v = '' THEN ''
        ELSE '<c r="' || place || CASE WHEN v[1] IN ('=', '+', '-', '@') THEN guarding_style ELSE style END
            || ' t="inlineStr"><is><t xml:space="preserve">' || escaped(v) || '</t></is></c>'
    END;

CREATE OR REPLACE TEMP MACRO number_cell(place, style, guarding_style, v) AS
    CASE WHEN v IS NULL THEN '' ELSE '<c r="' || place || style || '><v>' || v || '</v></c>' END;

-- Excel counts days from 1900 and takes that year for a leap year: an earlier day can only be text.
CREATE OR REPLACE TEMP MACRO date_cell(place, style, guarding_style, v) AS
    CASE WHEN v IS NULL THEN ''
        WHEN v < DATE '1900-03-01' THEN '<c r="' || place || style || ' t="inlineStr"><is><t>' || v || '</t></is></c>'
        ELSE '<c r="' || place || style || '><v>' || (v - DATE '1899-12-30') || '</v></c>'
    END;

-- Text that is too long for a cell says so at its end. A character beyond U+FFFF counts twice.
CREATE OR REPLACE TEMP MACRO fitting(v) AS
    CASE
        WHEN strlen(v) <= getvariable('most_characters') THEN v
        WHEN length(v) + length(regexp_replace(v, '[^\x{10000}-\x{10FFFF}]', '', 'g')) <= getvariable('most_characters') THEN v
        ELSE left(v, (getvariable('most_characters') - 200) // CASE WHEN regexp_matches(v, '[\x{10000}-\x{10FFFF}]') THEN 2 ELSE 1 END)
            || ' [cut here: the text has ' || length(v) || ' characters, and a cell takes ' || getvariable('most_characters') || ']'
    END;

-- A row that any XML reader takes. Spreadsheets read _x0041_ as a character's number, so that an underscore that looks like
-- the beginning of one is written as such a number itself.
CREATE OR REPLACE TEMP MACRO readable(row_xml) AS
    CASE WHEN regexp_matches(row_xml, '[\x00-\x08\x0B-\x1F\x7F\x{FFFE}\x{FFFF}]|_x[0-9A-Fa-f]{4}_')
        THEN regexp_replace(translate(row_xml, getvariable('refused'), getvariable('shown')), '_(x[0-9A-Fa-f]{4}_)', '_x005F_\1', 'g')
        ELSE row_xml END;

-- Where each portfolio is linked: see ambiguous.sql and named_free.sql. Output: theirs, empty.
CREATE OR REPLACE TEMP TABLE tie (title_key UUID, portfolio_id BIGINT);
CREATE OR REPLACE TEMP TABLE title_change (title_key UUID, portfolio_id BIGINT);
CREATE OR REPLACE TEMP TABLE named_free (portfolio_id BIGINT);

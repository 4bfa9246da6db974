-- Settled portfolios that share a value with what was compared in this round: they are compared too (unsettle.sql). Input:
-- portfolio_value, touched_value, compared_value, variable round. Output: newly_compared.
CREATE OR REPLACE TEMP TABLE newly_compared AS
WITH touched AS (SELECT kind, value FROM touched_value WHERE round = getvariable('round')), sharing AS (
    SELECT portfolio_id FROM portfolio_value SEMI JOIN touched ON kind = 'identifier' AND value = online_value
    UNION ALL
    SELECT portfolio_id FROM portfolio_value SEMI JOIN touched ON kind = 'identifier' AND value = print_value
    UNION ALL
    SELECT portfolio_id FROM portfolio_value SEMI JOIN touched ON kind = 'title_id' AND value = title_id_value
    UNION ALL
    SELECT portfolio_id FROM portfolio_value SEMI JOIN touched ON kind = 'title_url' AND value = title_url_value
)
FROM portfolio_value SEMI JOIN (FROM sharing ANTI JOIN compared_value USING (portfolio_id)) AS s USING (portfolio_id);

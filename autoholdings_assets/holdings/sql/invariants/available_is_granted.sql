-- Available portfolios that no profile's accepted file grants and nothing protects. Protected are: a PO line; what the last plan
-- kept (a row could not be read, a tie); what staff changed since that plan; and a collection that no file has come for yet.
WITH last_plan AS (
    SELECT plan_id, applied_at FROM plan
    WHERE vendor = getvariable('vendor') AND status = 'applied' AND kind IN ('upload', 'undo')
    ORDER BY applied_at DESC LIMIT 1
), unprotected AS (
    SELECT portfolio_id, portfolio_id >> 6 AS block FROM portfolio
    WHERE collection IN (
            SELECT name FROM electronic_collection
            WHERE vendor = getvariable('vendor') AND active AND service_active AND service_available
        )
        AND collection IN (SELECT DISTINCT collection FROM portfolio_grant)
        AND availability = 'available' AND po_line IS NULL
        AND updated_at <= (SELECT applied_at FROM last_plan)
), granted AS (
    SELECT portfolio_id, portfolio_id >> 6 AS block FROM portfolio_grant
    WHERE valid_to IS NULL AND profile IN (SELECT profile FROM entitlement)
), suspected AS (  -- blocks of 64 portfolios, as bits: hardly one is not granted whole
    SELECT block
    FROM (SELECT block, bit_or(1::UBIGINT << (portfolio_id & 63)) AS ids FROM unprotected GROUP BY block) AS u
    LEFT JOIN (SELECT block, bit_or(1::UBIGINT << (portfolio_id & 63)) AS ids FROM granted GROUP BY block) AS g USING (block)
    WHERE u.ids & coalesce(g.ids, 0::UBIGINT) <> u.ids
), found AS (
    SELECT portfolio_id
    FROM (FROM unprotected SEMI JOIN suspected USING (block)) ANTI JOIN granted USING (portfolio_id)
    WHERE portfolio_id NOT IN (
        SELECT portfolio_id FROM plan_item
        WHERE plan_id IN (SELECT plan_id FROM last_plan) AND action = 'keep' AND portfolio_id IS NOT NULL
    )
)
SELECT portfolio_id, collection, title, online_identifier, updated_at FROM portfolio SEMI JOIN found USING (portfolio_id)

-- Available portfolios that no profile's accepted file grants and nothing protects. Protected are: a PO line; what the last plan
-- kept (a row could not be read, a tie); what staff changed since that plan; and a collection that no file has come for yet.
WITH last_plan AS (
    SELECT plan_id, applied_at FROM plan
    WHERE vendor = getvariable('vendor') AND status = 'applied' AND kind IN ('upload', 'undo')
    ORDER BY applied_at DESC LIMIT 1
), unprotected AS (  -- titles are read last: hardly any is needed
    SELECT portfolio_id FROM portfolio
    WHERE collection IN (
            SELECT name FROM electronic_collection
            WHERE vendor = getvariable('vendor') AND active AND service_active AND service_available
        )
        AND collection IN (SELECT DISTINCT collection FROM portfolio_grant)
        AND availability = 'available' AND po_line IS NULL
        AND updated_at <= (SELECT applied_at FROM last_plan)
        AND portfolio_id NOT IN (
            SELECT portfolio_id FROM plan_item
            WHERE plan_id IN (SELECT plan_id FROM last_plan) AND action = 'keep' AND portfolio_id IS NOT NULL
        )
), granted AS (
    SELECT portfolio_id FROM portfolio_grant WHERE valid_to IS NULL AND profile IN (SELECT profile FROM entitlement)
)
SELECT portfolio_id, collection, title, online_identifier, updated_at
FROM portfolio SEMI JOIN (FROM unprotected ANTI JOIN granted USING (portfolio_id)) AS found USING (portfolio_id)

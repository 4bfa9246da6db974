-- Available portfolios that no profile's accepted file grants and nothing protects. Protected are: a PO line; what the last plan
-- kept (a row could not be read, a tie); what staff changed since that plan; and a collection that no file has come for yet.
WITH last_plan AS (
    SELECT plan_id, applied_at FROM plan
    WHERE vendor = getvariable('vendor') AND status = 'applied' AND kind IN ('upload', 'undo')
    ORDER BY applied_at DESC LIMIT 1
)
SELECT p.portfolio_id, p.collection, p.title, p.online_identifier, p.updated_at
FROM portfolio AS p
WHERE p.collection IN (
        SELECT name FROM electronic_collection
        WHERE vendor = getvariable('vendor') AND active AND service_active AND service_available
    )
    AND p.availability = 'available' AND p.po_line IS NULL
    AND EXISTS (FROM portfolio_grant AS g WHERE g.collection = p.collection)
    AND p.updated_at <= (SELECT applied_at FROM last_plan)
    AND p.portfolio_id NOT IN (
        SELECT portfolio_id FROM plan_item
        WHERE plan_id IN (SELECT plan_id FROM last_plan) AND action = 'keep' AND portfolio_id IS NOT NULL
    )
    AND NOT EXISTS (
        FROM portfolio_grant AS g JOIN entitlement AS e USING (profile)
        WHERE g.portfolio_id = p.portfolio_id AND g.valid_to IS NULL
    )

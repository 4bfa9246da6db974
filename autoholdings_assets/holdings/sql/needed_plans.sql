-- Plans whose contents must stay in staging, whatever their age: those that still hold, also rejected ones (made anew they
-- would be held again), and the last applied one of each vendor.
SELECT p.plan_id FROM plan AS p LEFT JOIN vendor_state AS s USING (vendor)
WHERE p.status IN ('ready', 'held', 'accepted', 'rejected') AND p.generation = coalesce(s.generation, 0)
UNION
FROM (
    SELECT plan_id FROM plan WHERE status = 'applied'
    QUALIFY row_number() OVER (PARTITION BY vendor ORDER BY applied_at DESC) = 1
);

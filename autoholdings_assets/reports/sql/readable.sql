-- What readers can use: the portfolios to export. Input: the holdings, variables collections (names; null for all) and readers (a
-- group; null for anybody). Output: the macro may_use, the view readable_portfolio.

CREATE OR REPLACE TEMP MACRO may_use(for_all, for_groups) AS
    CASE WHEN getvariable('readers') IS NULL THEN for_all OR len(for_groups) > 0 ELSE for_all OR list_contains(for_groups, getvariable('readers')) END;

-- A collection that is not active is not open to readers, whatever its portfolios say.
CREATE OR REPLACE TEMP VIEW readable_portfolio AS
SELECT p.*
FROM portfolio AS p
JOIN electronic_collection AS e ON e.name = p.collection
WHERE p.availability = 'available' AND may_use(p.available_for_all, p.available_for)
    AND e.active AND e.service_active AND e.service_available
    AND (getvariable('collections') IS NULL OR list_contains(getvariable('collections')::VARCHAR[], p.collection));

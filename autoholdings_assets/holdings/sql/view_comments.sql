-- For each column of a view that says nothing yet: what the column of the same name says in the tables, first of all in
-- the table whose present rows the view shows.
WITH wanted AS (
    SELECT
        v.view_name, c.column_name,
        CASE
            WHEN c.column_name = 'occurred_at' THEN 'applied_at'
            WHEN c.column_name IN ('attached_at', 'updated_at') THEN 'valid_from'
            ELSE c.column_name
        END AS like_column
    FROM duckdb_views() AS v
    JOIN duckdb_columns() AS c ON c.table_oid = v.view_oid AND c.database_name = v.database_name
    WHERE v.database_name = 'warehouse' AND NOT v.internal AND c.comment IS NULL
), said AS (
    SELECT b.table_name, c.column_name, c.comment
    FROM duckdb_tables() AS b
    JOIN duckdb_columns() AS c ON c.table_oid = b.table_oid AND c.database_name = b.database_name
    WHERE b.database_name = 'warehouse' AND c.comment IS NOT NULL
)
SELECT
    w.view_name, w.column_name,
    arg_min(s.comment, CASE WHEN s.table_name = w.view_name || '_version' THEN '' ELSE s.table_name END) AS comment
FROM wanted AS w
LEFT JOIN said AS s ON s.column_name = w.like_column
GROUP BY ALL;

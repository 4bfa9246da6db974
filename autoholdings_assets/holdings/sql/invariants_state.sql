-- All that the answers to the invariants hang on: the questions, the settings, and what stands for the holdings, which are others only
-- with another generation or, written by whomever else, with another mark (untouched.py). Null where there is none.
SELECT sha256(concat_ws(
    '|', getvariable('mark'), getvariable('questions')::VARCHAR, getvariable('keep_apart')::VARCHAR, version(),
    (SELECT list(s ORDER BY s)::VARCHAR FROM vendor_state AS s),
    (SELECT list(e ORDER BY e)::VARCHAR FROM entitlement AS e),
    (SELECT list(c ORDER BY c)::VARCHAR FROM electronic_collection AS c),
    (SELECT list(p ORDER BY p)::VARCHAR FROM integration_profile AS p),
    (SELECT list(v ORDER BY v)::VARCHAR FROM schema_version AS v)
))
WHERE getvariable('mark') IS NOT NULL

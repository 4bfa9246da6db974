"""The tests: each drives the real thing (HTTP on loopback, a DuckDB file, a Dagster instance, a browser)."""

"""What people look at besides the Dagster UI: pages, workbooks, and files written from the holdings.

What belongs here: workbooks, reports and exports. What does not: deciding anything about portfolios (``holdings/``).
"""

"""Looking after a home: backup, restore, and removing what is not needed any more.

What belongs here: what treats a home as a whole. What does not: what Dagster keeps (``pipeline/housekeeping.py``).
"""

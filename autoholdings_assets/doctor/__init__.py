"""The doctor: whether everything is in place for a home to run unattended, in a line each, with what to do.

What belongs here: looking at a home, its configuration, its vendors and its Dagster, and judging; nothing is changed.
What does not: mending anything, judging holdings (``pipeline/checks.py``), and printing (``cli/doctor.py``).
"""

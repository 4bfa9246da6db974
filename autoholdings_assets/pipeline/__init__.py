"""Dagster, thin: which assets, checks, jobs, schedules and sensors there are, and how they look in the UI.

What belongs here: the graph, made from the vendors' data files alone, and the translation between Dagster and the
steps. ``steps/`` has the steps as plain functions that know nothing of Dagster. What does not belong here: any rule
about holdings.
"""

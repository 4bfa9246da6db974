"""Telling people by e-mail and webhook what needs them.

What belongs here: what in the warehouse is worth telling, what has been told already, the message, and its delivery.
What does not: whom to tell (``config_alerts.py``), when to look and what only Dagster knows (``pipeline/``), and why
something needs a person: the messages are those that runs, plans, checks and cases have anyway.
"""

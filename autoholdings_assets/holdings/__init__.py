"""The state of the holdings: warehouse, matching, plan, verdict, apply, history, publishing.

What belongs here: everything that reads or writes portfolios. What does not: how a file is fetched (``retrieval``), how
its rows are read and checked (``kbart``), how people see it (``reports``, ``cli``) and how it is orchestrated
(``pipeline``).
"""

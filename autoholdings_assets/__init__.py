"""Autoholdings keeps a library's electronic holdings equal to what its vendors say it may read.

Imports go one way: ``kbart`` <- ``vendors``/``config`` <- ``retrieval``, ``holdings`` <- ``reports``, ``upkeep``
<- ``pipeline`` <- ``cli``, ``demo``. Data flows one way too: a profile's file into the archive, rows into titles with
coverage, a plan, a verdict, one transaction, the published copy.
"""

__version__ = "0.1.0"

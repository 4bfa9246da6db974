"""Autoholdings keeps a library's electronic holdings equal to what its vendors say it may read.

Imports go one way: ``kbart`` <- ``vendors``/``config`` <- ``retrieval``, ``holdings`` <- ``reports``, ``upkeep``
<- ``pipeline`` <- ``cli``, ``demo``. Data flows one way too: a profile's file into the archive, rows into titles with
coverage, a plan, a verdict, one transaction, the published copy.
"""

import os

# Arrow's allocator would take its memory in huge pages, which some virtual machines provide so slowly that reading a
# large title list takes half as long again. It looks once, when it is loaded; who has set it keeps it.
os.environ.setdefault("MIMALLOC_ARENA_EAGER_COMMIT", "0")

__version__ = "0.1.0"

"""Fetching vendors' files and keeping them: the only place that speaks HTTP.

What belongs here: requests, failures, and the archive of received bytes. What does not: what the bytes mean
(``kbart/``) and what follows from them (``holdings/``).
"""

from autoholdings_assets.retrieval.archive import Archive, ArchivedFile
from autoholdings_assets.retrieval.errors import RetrievalError
from autoholdings_assets.retrieval.http import Retrieved, has_new_file, retrieve
from autoholdings_assets.retrieval.request import Limits, Previous

__all__ = [
    "Archive",
    "ArchivedFile",
    "Limits",
    "Previous",
    "RetrievalError",
    "Retrieved",
    "has_new_file",
    "retrieve",
]

"""Fetching vendors' files and keeping them: the only place that speaks HTTP.

What belongs here: requests (also the webhook's, since it is HTTP with a secret), failures, files delivered by hand, and
the archive of received bytes. What does not: what the bytes mean (``kbart/``) and what follows from them
(``holdings/``).
"""

from autoholdings_assets.retrieval.archive import Archive
from autoholdings_assets.retrieval.errors import RetrievalError
from autoholdings_assets.retrieval.http import Retrieved, date_in_name, mark_of_new_file, retrieve
from autoholdings_assets.retrieval.inbox import FROM_INBOX, Delivery, Inbox
from autoholdings_assets.retrieval.post import NotPosted, post_json
from autoholdings_assets.retrieval.request import Limits, Previous

__all__ = [
    "FROM_INBOX",
    "Archive",
    "Delivery",
    "Inbox",
    "Limits",
    "NotPosted",
    "Previous",
    "RetrievalError",
    "Retrieved",
    "date_in_name",
    "mark_of_new_file",
    "post_json",
    "retrieve",
]

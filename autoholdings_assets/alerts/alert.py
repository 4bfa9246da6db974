"""One thing that needs a person, and when it counts as the same thing.

What does not belong here: finding such things (``cases.py``).
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args

from autoholdings_assets.config import Redaction

Kind = Literal["failed run", "held plan", "failed check", "stale vendor", "needs attention"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which they are told."""


@dataclass(frozen=True)
class Alert:
    """A case that is open. ``text`` says what happened and what to do; ``since`` has a time zone.

    ``case_id`` names it whatever its text. It has changed when its ``text`` or ``since_when`` has: the latter tells
    cases apart that come up anew under the same name. ``run_id`` is the run that met it, where one did.
    """

    case_id: str
    kind: Kind
    text: str
    since: datetime
    vendor: str | None = None
    title: str = ""
    run_id: str | None = None
    since_when: str = ""

    @property
    def state(self) -> str:
        """The same for the same case in the same state."""
        return hashlib.sha256(f"{self.text}\n{self.since_when}".encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        """The alert as plain data."""
        return {
            "kind": self.kind,
            "case": self.case_id,
            "vendor": self.vendor,
            "title": self.title or None,
            "message": self.text,
            "since": self.since,
            "run_id": self.run_id,
        }

    def cleaned(self, clean: Redaction) -> "Alert":
        """The alert without any credential."""
        return replace(self, text=clean(self.text), title=clean(self.title))

"""Credentials: named in autoholdings.yaml, kept in the environment, taken out of every text that is shown (rule A12).

What belongs here: what a credential is in the configuration, and all the forms in which it must not be seen. What does
not: which credentials there are (``config_rules.py`` for vendors, ``config_alerts.py``), and using them.
"""

import base64
import html
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from autoholdings_assets.vendors.yaml_documents import ConfigurationError

_WRITTEN = re.compile(r"^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$")


@dataclass(frozen=True, repr=False)
class Secret:
    """A credential in an environment variable. It is never shown; the variable's name is."""

    env_name: str

    @classmethod
    def written(cls, text: str) -> "Secret | None":
        """The credential that ``${ENV_VAR}`` names; None for any other text."""
        variable = _WRITTEN.match(text)
        return cls(variable[1]) if variable else None

    @property
    def is_set(self) -> bool:
        """Whether the environment has a value for it."""
        return bool(os.environ.get(self.env_name, "").strip())

    def reveal(self) -> str:
        """The value itself, for building a request and for nothing else."""
        if not self.is_set:
            raise ConfigurationError(
                [f"The environment variable {self.env_name} is not set: put the credential into it."]
            )
        return os.environ[self.env_name].strip()

    def __repr__(self) -> str:
        return f"${{{self.env_name}}}"


def not_literal(example: str) -> str:
    """The sentence for a credential that stands in the file itself."""
    return (
        "a secret must not stand in this file. Put it into an environment variable, for example "
        f"{example}, and write ${{{example}}} here."
    )


class Redaction:
    """Takes credentials out of texts: as they are, and as they look in an address, a page, JSON, or a header."""

    def __init__(self, values: Iterable[str]) -> None:
        longest_first = sorted({shape for value in values if value for shape in shapes(value)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or "$^", re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """The text with *** in place of every credential."""
        return self._pattern.sub("***", text)

    def finds(self, text: str) -> bool:
        """Whether a credential is in the text."""
        return self._pattern.search(text) is not None

    def __repr__(self) -> str:
        return "Redaction(...)"


def shapes(value: str) -> set[str]:
    """A credential as it is, and as it looks in an address, a page, JSON, or a header."""
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    return {
        value,
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        html.escape(value),
        json.dumps(value)[1:-1],
        encoded,
        encoded.replace("+", "-").replace("/", "_"),
    }

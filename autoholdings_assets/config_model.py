"""The parts of autoholdings.yaml: what each may say, alone.

What belongs here: the vocabulary of the file. What does not: the rules between its parts
(``config_rules.py``) and the configuration as the rest of the system sees it (``config.py``).
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from autoholdings_assets.config_alerts import Alerts
from autoholdings_assets.config_secrets import Secret
from autoholdings_assets.vendors.model import Code, Cron, Timezone
from autoholdings_assets.vendors.yaml_documents import StrictModel


def _each_once(groups: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(groups)) < len(groups):
        raise ValueError("a group stands here twice; name each once.")
    return groups


Groups = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], AfterValidator(_each_once)]


class CustomerParameters(StrictModel):
    """Alma's customer parameters that matter here."""

    multi_campus_inventory_management: bool = False


class Institution(StrictModel):
    """The library."""

    name: str
    timezone: Timezone
    customer_parameters: CustomerParameters = CustomerParameters()
    groups: Groups = ()

    @property
    def multi_campus(self) -> bool:
        """Whether groups (campuses) exist at all."""
        return self.customer_parameters.multi_campus_inventory_management


class Service(StrictModel):
    """A collection's full-text service."""

    active: bool = True
    available: bool = True


class WrittenCollection(StrictModel):
    """An electronic collection as it stands in the file."""

    name: str
    code: Code | None = None
    active: bool = True
    service: Service = Service()
    activation: Literal["manual"] = "manual"
    automatically_activate_new_portfolios: bool = False
    cz_title_list: Path | None = None
    local: bool = False


class ElectronicCollection(WrittenCollection):
    """A collection that the institution has activated from the Community Zone, or expressly has not.

    One that no vendor's files fill (``local: true``) has no vendor: titles were managed there before.
    """

    code: str
    vendor: str | None = None
    cz_collection_id: str | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a run updates it: the collection is active, its full-text service active and available."""
        return self.active and self.service.active and self.service.available


class ProfileKeys(StrictModel):
    """The keys that every integration profile has, whatever its vendor."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    description: str | None = None
    vendor: str
    active: bool = False
    file_format: Literal["KBART"] = "KBART"
    url: str | None = None
    groups: Groups = ()
    schedule: Cron | None = None


class WrittenProfile(ProfileKeys):
    """An integration profile as it stands in the file; its other keys are the credentials that its vendor
    asks for."""

    model_config = ConfigDict(extra="allow")


class IntegrationProfile(ProfileKeys):
    """One configured feed of type Upload Electronic Holdings."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    credentials: dict[str, Secret]


class LossGuard(StrictModel):
    """When a plan is held for a person (rule A2).

    Losses are counted for titles, PO-line titles, groups and years of coverage, by profile and collection. The
    descriptions are the README's and those of the configuration that ``init`` writes.
    """

    active: bool = Field(
        default=True,
        description="`false` holds no plan for its losses; older, repeated and barred files are held nevertheless",
    )
    share: float = Field(default=0.10, gt=0, le=1, description="a loss of this share holds the plan, if it is also")
    at_least: int = Field(default=20, ge=1, description="of at least so many titles")
    always_at_share: float = Field(
        default=0.50, gt=0, le=1, description="a loss of this share holds it, however few titles it is of"
    )
    over_files: int = Field(default=5, ge=1, description="so many accepted files are also looked at together")
    rejected_share: float = Field(
        default=0.10, gt=0, le=1, description="held when this share of the file's rows cannot be read"
    )
    smallest_file_share: float = Field(
        default=0.50, ge=0, lt=1, description="held when the file has no more than this share of the last one's rows"
    )
    least_overlap: float = Field(
        default=0.50, ge=0, le=1, description="held when it has less than this share of the last one's ISSNs and ISBNs"
    )
    least_identifiers: float = Field(
        default=0.50, ge=0, le=1, description="held when less than this share of its rows has an ISSN or ISBN at all"
    )

    def reached(self, share: float, titles: int) -> bool:
        """Whether a loss of this share, of so many titles, is for a person to decide."""
        return titles > 0 and (share >= self.always_at_share or (share >= self.share and titles >= self.at_least))


class Policies(StrictModel):
    """The library's own choices."""

    loss_guard: LossGuard = LossGuard()
    grace_files: int = Field(
        default=0, ge=0, description="accepted files that a title may be missing from before it is removed"
    )
    po_line_portfolio_missing: Literal["keep_available", "make_unavailable"] = Field(
        default="keep_available",
        description="what a title with a PO line is that no file names any more; or `make_unavailable`",
    )


class Retention(StrictModel):
    """How long is kept what can be spared, in days; `autoholdings prune` and the job `housekeeping` remove the rest.

    Vendors' files stay ``archive_days``, of each profile the last ``archive_files`` whatever their age, and whatever
    the present entitlements, plans that wait, and the undoing of a vendor's last ``undoable_runs`` runs rest on. What
    can be read again from them stays ``staging_days``, reports ``reports_days``, Dagster's runs with their events and
    logs ``dagster_days``. The history in the warehouse is never pruned.
    """

    archive_days: int = Field(default=1095, ge=1)
    archive_files: int = Field(default=12, ge=1)
    undoable_runs: int = Field(default=12, ge=1)
    staging_days: int = Field(default=30, ge=1)
    reports_days: int = Field(default=1095, ge=1)
    dagster_days: int = Field(default=365, ge=1)


class WrittenConfiguration(StrictModel):
    """autoholdings.yaml as it stands."""

    institution: Institution
    electronic_collections: tuple[WrittenCollection, ...] = ()
    integration_profiles: tuple[WrittenProfile, ...] = ()
    policies: Policies = Policies()
    retention: Retention = Retention()
    alerts: Alerts = Alerts()

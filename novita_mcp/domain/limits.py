"""The owner's limits, as data: read when the server starts, and out of reach of every tool."""

from decimal import Decimal
from typing import Literal

from novita_mcp.domain.base import Record, Usd
from novita_mcp.domain.models import BillingMode

ApprovalMode = Literal["human", "confirm", "none"]


class Policy(Record):
    """What may be spent, on what, and who says yes; an empty tuple of globs allows everything."""

    approval: ApprovalMode = "human"
    """`human`: a person; `confirm`: a second call by the agent; `none`: the guardrails alone."""

    max_hourly_usd: Usd = Decimal(5)
    """USD per hour that one instance may cost."""

    max_total_hourly_usd: Usd = Decimal(10)
    """USD per hour that all running instances together may cost."""

    max_instances: int = 5
    """Instances that may exist at once."""

    max_gpus: int = 8
    """GPUs in one instance."""

    monthly_budget_usd: Usd | None = None
    """USD per calendar month (UTC): spent, already committed and planned."""

    daily_budget_usd: Usd | None = None
    """USD per calendar day (UTC): spent, already committed and planned."""

    min_balance_hours: Decimal = Decimal(1)
    """Hours of everything then running that the balance must cover."""

    allowed_products: tuple[str, ...] = ()
    """Globs over product ids and names."""

    allowed_clusters: tuple[str, ...] = ()
    """Globs over cluster ids."""

    allowed_images: tuple[str, ...] = ()
    """Globs over image addresses."""

    allowed_billing: tuple[BillingMode, ...] = ("onDemand", "spot")
    """Ways of paying; `monthly` commits money up front and has to be named."""

    allow_auto_renew: bool = False
    """Whether a subscription may renew itself."""

    default_lease_hours: Decimal | None = None
    """Hours an instance may run when the call names no lease."""

    max_lease_hours: Decimal | None = None
    """The longest lease, in hours, that may be asked for."""

    require_lease: bool = False
    """Whether nothing is created or started without a lease."""

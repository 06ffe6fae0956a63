"""What lives as long as the server."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from novita_mcp.api.client import NovitaClient
from novita_mcp.approval.desk import Desk
from novita_mcp.clock import Clock
from novita_mcp.domain.limits import Policy
from novita_mcp.errors import LedgerError
from novita_mcp.ledger import Ledger
from novita_mcp.provisioning.book import PlanBook
from novita_mcp.settings import Settings


@dataclass
class App:
    """The API client, the ledger, the policy, the clock, the plans that wait and where people are asked."""

    settings: Settings
    client: NovitaClient
    clock: Clock
    environ: Mapping[str, str] = field(repr=False)
    book: PlanBook
    desk: Desk
    opened: Ledger | LedgerError

    @property
    def policy(self) -> Policy:
        """The owner's limits, read when the server started."""
        return self.settings.policy

    @property
    def ledger(self) -> Ledger:
        """The ledger; a damaged or foreign one stops whatever needs it.

        Raises:
            LedgerError: It could not be opened when the server started.

        """
        if isinstance(self.opened, LedgerError):
            raise self.opened
        return self.opened

    def close(self) -> None:
        """Release the ledger's file."""
        if not isinstance(self.opened, LedgerError):
            self.opened.close()

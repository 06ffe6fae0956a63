"""What an open window covers."""

from dataclasses import dataclass
from decimal import Decimal

from novita_mcp.app import App
from novita_mcp.domain.history.windows import obstacles, open_window
from novita_mcp.domain.plans import Plan
from novita_mcp.provisioning.acts.lifecycle import is_ours


@dataclass(frozen=True)
class Cover:
    """Whether a window says yes to a plan: `why` not, or the window's number and what is taken from it."""

    why: str = ""
    number: int | None = None
    cost_usd: Decimal | None = None


def covering(app: App, plan: Plan) -> Cover:
    """Weigh a plan against the window that is open; binding only under the spending lock."""
    now = app.clock.now()
    window = open_window(app.ledger.entries(), now)
    if window is None:
        return Cover("no window is open")
    ours = plan.action == "create" or is_ours(app, str(plan.request.get("instanceId")))
    why = "; ".join(obstacles(window, plan, now, ours=ours))
    return Cover(why, window.number, window.cost_usd(plan, now))

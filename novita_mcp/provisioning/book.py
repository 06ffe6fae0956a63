"""The plans that wait for a yes: kept in memory, used once, forgotten after ten minutes."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from novita_mcp.clock import Clock
from novita_mcp.domain.base import brief
from novita_mcp.domain.plans import Plan, new_marker
from novita_mcp.errors import PlanGone

if TYPE_CHECKING:
    from novita_mcp.provisioning.actions import Action

LIFETIME = timedelta(minutes=10)
MOST_WAITING = 200


@dataclass
class OpenPlan:
    """One plan with the action that can carry it out; secrets live only here, in memory."""

    plan_id: str
    action: "Action"
    plan: Plan
    made_at: float
    expires_at: datetime
    asked_at: float | None = None
    shown_digest: str = ""
    dialog_unread: bool = False
    page_open: bool = False
    used: bool = False


class PlanBook:
    """Every open plan of this server, by its id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._plans: dict[str, OpenPlan] = {}
        self.key = secrets.token_bytes(32)

    def write(self, action: "Action", plan: Plan) -> OpenPlan:
        """Open a plan under the id that its marker gives it."""
        self._forget()
        plan_id = f"plan-{plan.marker}"
        expires_at = self._clock.now() + LIFETIME
        held = OpenPlan(plan_id, action, plan, made_at=self._clock.monotonic(), expires_at=expires_at)
        self._plans[plan_id] = held
        return held

    def find(self, plan_id: str) -> OpenPlan:
        """Return an open plan.

        Raises:
            PlanGone: It was used, has expired, or this server never made it.

        """
        self._forget()
        held = self._plans.get(plan_id)
        if held is None:
            raise PlanGone(
                f"{brief(plan_id)} is not waiting here: it has expired (plans last ten minutes) or another server "
                "made it. Nothing was sent. Make the call again for a new plan."
            )
        if held.used:
            raise PlanGone(
                f"{plan_id} is used up: it was carried out, declined or replaced by a newer plan. "
                "Nothing was sent now. See list_gpu_instances."
            )
        return held

    def asked_for(self, action: "Action") -> OpenPlan | None:
        """The newest open plan for the same action that was put to a person and not used."""
        self._forget()
        plans = reversed(self._plans.values())
        asked = (held for held in plans if held.action == action and held.asked_at is not None)
        return next((held for held in asked if not held.used), None)

    def burn(self, held: OpenPlan) -> None:
        """Use a plan up, before anything is sent.

        Raises:
            PlanGone: Somebody was faster.

        """
        self.find(held.plan_id).used = True

    def _forget(self) -> None:
        now, lifetime = self._clock.monotonic(), LIFETIME.total_seconds()
        self._plans = {key: held for key, held in self._plans.items() if now - held.made_at < lifetime}
        for key in list(self._plans)[:-MOST_WAITING]:
            del self._plans[key]


def marker_for(held: OpenPlan | None) -> str:
    """The marker of a plan that is taken up again, or a new one."""
    return new_marker() if held is None else held.plan.marker

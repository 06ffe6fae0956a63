"""The right to send one plan's request: made where the plan was counted, used up where it is sent."""

from novita_mcp.errors import PlanGone


class Reservation:
    """One request that may leave this process once; `flow/reserve.py` makes it in the transaction that counted it."""

    def __init__(self, plan_id: str) -> None:
        self.plan_id = plan_id
        self._unspent = True

    def spend(self) -> None:
        """Use it up.

        Raises:
            PlanGone: It was used before.
        """
        if not self._unspent:
            raise PlanGone(f"{self.plan_id} was already sent once. Nothing was sent again.")
        self._unspent = False

"""What a server does by itself: settle what is open, notice what changed elsewhere, enforce leases."""

import itertools
import logging

from novita_mcp.app import App
from novita_mcp.domain.history.folds import open_intents, recent_absences
from novita_mcp.errors import LockTimeout, NovitaMcpError
from novita_mcp.lock import spending_lock
from novita_mcp.provisioning.enforcement import Enforcer, beat, rest
from novita_mcp.provisioning.observing import observe
from novita_mcp.provisioning.reaping import reap
from novita_mcp.provisioning.settling import settle_open

EVERY_SECONDS = 30.0
OBSERVE_EVERY_PASSES = 10
LOCK_SECONDS = 5.0

logger = logging.getLogger(__name__)


async def tend_for_ever(app: App, kind: Enforcer = "serve") -> None:
    """Tend until cancelled; whatever goes wrong in one pass, the next one is made."""
    state_dir = app.settings.state_dir
    try:
        for number in itertools.count():
            try:
                beat(state_dir, kind, app.clock.now())
                await tend(app, observing=number % OBSERVE_EVERY_PASSES == 0)
            except NovitaMcpError as error:
                logger.warning("leases could not be enforced: %s", error)
            except Exception:  # the one that stops machines must outlive any mistake of ours
                logger.exception("leases could not be enforced")
            await app.clock.sleep(EVERY_SECONDS)
    finally:
        rest(state_dir, kind)


async def tend(app: App, *, observing: bool) -> None:
    """One pass; leases come last and do not wait for the rest to succeed.

    Raises:
        LedgerError: The leases cannot be read.
    """
    try:
        await settle_if_needed(app)
        if observing:
            await observe(app)
    except LockTimeout:
        logger.info("another call is spending; what is open is settled by it, or in the next pass")
    except NovitaMcpError as error:
        logger.warning("could not settle what is open: %s", error)
    await reap(app)


async def settle_if_needed(app: App) -> None:
    """Settle under the lock, if there is anything to settle.

    Raises:
        OutcomeUnknown: Novita cannot be asked.
        LedgerError: The ledger cannot be used, or the lock was not free in time.
    """
    entries = app.ledger.entries()
    if not open_intents(entries) and not recent_absences(entries, app.clock.now()):
        return
    async with spending_lock(app.settings.state_dir, timeout_seconds=LOCK_SECONDS, clock=app.clock):
        await settle_open(app)

"""Finding the instance of a plan by its marker, which is all that a lost reply leaves to go by."""

from collections.abc import Collection, Iterable

from novita_mcp.app import App
from novita_mcp.domain.models import Instance
from novita_mcp.errors import NotFound

MOST_DETAILS = 20


async def find_created(
    app: App, marker: str | None, instances: Iterable[Instance], before: Collection[str]
) -> Instance | None:
    """The instance that carries the marker, or None.

    A list that leaves variables out says nothing, so those that were not there before are read one by one.

    Raises:
        ApiError: Novita could not be asked.
    """
    listed = tuple(instances)
    shown = next((instance for instance in listed if instance.marker == marker), None)
    if shown is not None or marker is None:
        return shown
    silent = [one.instance_id for one in listed if not one.env_names and one.instance_id not in before]
    for instance_id in silent[:MOST_DETAILS]:
        if await _carries(app, instance_id, marker):
            return next(one for one in listed if one.instance_id == instance_id)
    return None


async def _carries(app: App, instance_id: str, marker: str) -> bool:
    try:
        return (await app.client.instance(instance_id)).marker == marker
    except NotFound:
        return False

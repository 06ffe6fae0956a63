"""Novita's GPU API, one method per endpoint; units, quirks and errors are settled below this line."""

from novita_mcp.api.instances import InstanceEndpoints
from novita_mcp.api.money import MoneyEndpoints
from novita_mcp.api.resources import ResourceEndpoints


class NovitaClient(InstanceEndpoints, MoneyEndpoints, ResourceEndpoints):
    """Everything this program asks of Novita; reads are retried, writes are sent once."""

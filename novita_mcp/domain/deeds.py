"""Every action by name: what it is done to, what it is called once done, and the question asked before it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

InstanceAction = Literal[
    "create",
    "start",
    "stop",
    "restart",
    "delete",
    "extend",
    "edit",
    "upgrade",
    "migrate",
    "auto_migrate",
    "convert",
    "renew",
    "auto_renew",
]
ResourceAction = Literal[
    "save_image",
    "break_job",
    "create_storage",
    "grow_storage",
    "delete_storage",
    "delete_template",
    "delete_registry_auth",
    "delete_network",
    "delete_prewarm",
]
ActionName = Literal[InstanceAction, ResourceAction]
Thing = Literal["instance", "job", "network volume", "template", "registry credential", "VPC network", "prewarm task"]
Done = Literal[
    "created",
    "started",
    "stopped",
    "restarted",
    "deleted",
    "extended",
    "changed",
    "upgraded",
    "migrated",
    "converted",
    "renewed",
]

LISTED_BY: Mapping[Thing, str] = MappingProxyType(
    {
        "instance": "list_gpu_instances",
        "job": "list_jobs",
        "network volume": "list_network_storages",
        "template": "list_templates",
        "registry credential": "list_registry_auths",
        "VPC network": "list_networks",
        "prewarm task": "list_prewarms",
    }
)
"""The tool that shows whether something is there."""


class Deed(NamedTuple):
    """One action in words."""

    done: Done
    headline: str
    thing: Thing = "instance"


DEEDS: Mapping[ActionName, Deed] = MappingProxyType(
    {
        "create": Deed("created", "Create this instance on Novita AI and start paying for it?"),
        "start": Deed("started", "Start this instance and pay for its GPU again?"),
        "stop": Deed("stopped", "Stop this instance, which was not created here?"),
        "restart": Deed("restarted", "Restart this instance, which was not created here?"),
        "delete": Deed("deleted", "Delete this instance for good?"),
        "extend": Deed("extended", "Let this instance run, and cost, for longer?"),
        "edit": Deed("changed", "Change this instance's ports or grow its disk?"),
        "upgrade": Deed("upgraded", "Reset this instance to another image? What is not sent again is lost."),
        "migrate": Deed("migrated", "Move this instance to another machine? New data on its disks is lost."),
        "auto_migrate": Deed("changed", "Change whether Novita moves this instance by itself?"),
        "convert": Deed("converted", "Turn this instance into a subscription, paid up front and not to be undone?"),
        "renew": Deed("renewed", "Extend this subscription, paid up front and not to be undone?"),
        "auto_renew": Deed("changed", "Change whether this subscription renews, and charges, by itself?"),
        "save_image": Deed("started", "Copy this instance's disk into an image and push it to a registry?", "job"),
        "break_job": Deed("stopped", "Break off this job of an instance that was not created here?", "job"),
        "create_storage": Deed(
            "created", "Create this network volume and pay for it until it is deleted?", "network volume"
        ),
        "grow_storage": Deed(
            "changed", "Grow this network volume and pay more for it? It cannot shrink again.", "network volume"
        ),
        "delete_storage": Deed("deleted", "Delete this network volume and its data for good?", "network volume"),
        "delete_template": Deed("deleted", "Delete this template for good?", "template"),
        "delete_registry_auth": Deed("deleted", "Delete this registry credential for good?", "registry credential"),
        "delete_network": Deed("deleted", "Delete this VPC network for good?", "VPC network"),
        "delete_prewarm": Deed("deleted", "Delete this image prewarm task?", "prewarm task"),
    }
)
"""The one table that a new action is entered into."""

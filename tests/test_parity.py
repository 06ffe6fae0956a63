"""Every documented endpoint of Novita's GPU API, and the tool that covers it or why none does.

The list is that of Novita's API reference: GPU instances and what belongs to them, metrics, account and bills.
"""

import inspect
from typing import NamedTuple

import pytest

from novita_mcp.api.client import NovitaClient
from novita_mcp.server import reading_tools
from novita_mcp.tools.sets import named_tools
from novita_mcp.tools.spending import spending_tools

GPU = "/gpu-instance/openapi/v1"
BASIC = "/openapi/v1"


class Endpoint(NamedTuple):
    """One endpoint: the client's method for it, if any, and the tools that use it, or the reason why none does."""

    endpoint: str
    method: str = ""
    tools: tuple[str, ...] = ()
    why_none: str = ""


TEAM_BUDGETS = "team accounts only, set by people with a role for it; the owner's own limits are NOVITA_MCP_* settings"
PATH_UNKNOWN = "the page exists, but its path is not published where it could be read"

INSTANCES = (
    Endpoint(f"GET {GPU}/clusters", "clusters", ("list_resources", "search_gpu_products")),
    Endpoint(f"GET {GPU}/products", "products", ("search_gpu_products", "create_gpu_instance")),
    Endpoint(f"GET {GPU}/cpu/products", "cpu_products", ("create_gpu_instance",)),
    Endpoint(f"POST {GPU}/gpu/instance/create", "create_instance", ("create_gpu_instance",)),
    Endpoint(f"GET {GPU}/gpu/instances", "instances", ("list_gpu_instances",)),
    Endpoint(f"GET {GPU}/gpu/instance", "instance", ("get_gpu_instance",)),
    Endpoint(f"POST {GPU}/gpu/instance/start", "start_instance", ("start_gpu_instance",)),
    Endpoint(f"POST {GPU}/gpu/instance/stop", "stop_instance", ("stop_gpu_instance",)),
    Endpoint(f"POST {GPU}/gpu/instance/restart", "restart_instance", ("restart_gpu_instance",)),
    Endpoint(f"POST {GPU}/gpu/instance/delete", "delete_instance", ("delete_gpu_instance",)),
    Endpoint(f"POST {GPU}/gpu/instance/edit", "edit_instance", ("edit_gpu_instance",)),
    Endpoint(f"POST {GPU}/gpu/instance/upgrade", "upgrade_instance", ("upgrade_gpu_instance",)),
    Endpoint(f"POST {GPU}/gpu/instance/migrate", "migrate_instance", ("migrate_gpu_instance",)),
    Endpoint(f"POST {GPU}/gpu/instance/renewInstance", "renew_instance", ("subscribe_gpu_instance",)),
    Endpoint(f"POST {GPU}/gpu/instance/transToMonthlyInstance", "convert_to_monthly", ("subscribe_gpu_instance",)),
    Endpoint(f"POST {GPU}/gpu/instance/setAutoRenew", "set_auto_renew", ("set_auto_renew",)),
    Endpoint(f"POST {GPU}/gpu/instance/setAutoMigrate", "set_auto_migrate", ("set_auto_migrate",)),
    Endpoint(f"GET {GPU}/jobs", "jobs", ("list_jobs",)),
    Endpoint(f"POST {GPU}/job/break", "break_job", ("break_job",)),
    Endpoint(f"POST {GPU}/job/save/image", "save_image", ("save_image",)),
    Endpoint(f"GET {BASIC}/metrics/gpu/instance", "metrics", ("get_gpu_metrics",)),
)
RESOURCES = (
    Endpoint(f"GET {GPU}/templates", "templates", ("list_templates", "list_resources")),
    Endpoint(f"GET {GPU}/template", "template", ("list_templates", "create_gpu_instance")),
    Endpoint(f"POST {GPU}/template/create", "create_template", ("create_template",)),
    Endpoint(f"POST {GPU}/template/update", "update_template", ("update_template",)),
    Endpoint(f"POST {GPU}/template/delete", "delete_template", ("delete_template",)),
    Endpoint(f"GET {GPU}/repository/auths", "registry_auths", ("list_registry_auths", "list_resources")),
    Endpoint(f"POST {GPU}/repository/auth/save", "save_registry_auth", ("save_registry_auth",)),
    Endpoint(f"POST {GPU}/repository/auth/delete", "delete_registry_auth", ("delete_registry_auth",)),
    Endpoint(f"GET {GPU}/networkstorages/list", "network_storages", ("list_network_storages", "list_resources")),
    Endpoint(f"POST {GPU}/networkstorage/create", "create_network_storage", ("create_network_storage",)),
    Endpoint(f"POST {GPU}/networkstorage/update", "update_network_storage", ("grow_network_storage",)),
    Endpoint(f"POST {GPU}/networkstorage/delete", "delete_network_storage", ("delete_network_storage",)),
    Endpoint(f"GET {GPU}/networks", "networks", ("list_networks", "list_resources")),
    Endpoint(f"GET {GPU}/network", "network", ("list_networks",)),
    Endpoint(f"POST {GPU}/network/create", "create_network", ("create_network",)),
    Endpoint(f"POST {GPU}/network/update", "update_network", ("rename_network",)),
    Endpoint(f"POST {GPU}/network/delete", "delete_network", ("delete_network",)),
    Endpoint(f"GET {GPU}/image/prewarm/quota", "prewarm_quota", ("list_prewarms",)),
    Endpoint(f"GET {GPU}/image/prewarm", "prewarms", ("list_prewarms",)),
    Endpoint(f"POST {GPU}/image/prewarm", "create_prewarm", ("create_prewarm",)),
    Endpoint(
        f"POST {GPU}/image/prewarm/edit",
        "edit_prewarm",
        why_none="it changes nothing but a note, and a list of tools is paid for in every conversation",
    ),
    Endpoint(f"POST {GPU}/image/prewarm/delete", "delete_prewarms", ("delete_prewarm",)),
)
MONEY = (
    Endpoint(f"GET {BASIC}/billing/balance/detail", "balance", ("get_spending",)),
    Endpoint("GET /v3/user", why_none="the older account call; the balance call has the same figure and more"),
    Endpoint(f"GET {BASIC}/billing/monthly/bill", "monthly_bills", ("get_spending",)),
    Endpoint(f"GET {BASIC}/billing/bill/list", "usage_bills", ("get_bills", "get_spending")),
    Endpoint(f"GET {BASIC}/billing/bill/monthly/list", "subscription_bills", ("get_bills", "get_spending")),
    Endpoint(f"GET {BASIC}/billing/apikey/bill/list", why_none="bills of language models by API key, not of GPUs"),
    Endpoint(f"GET {BASIC}/bill/transaction", why_none="payments in and refunds, for accountants in the console"),
    Endpoint(f"GET {BASIC}/user/team/budget-list", why_none=TEAM_BUDGETS),
    Endpoint(f"PUT {BASIC}/user/team/key-budget", why_none=TEAM_BUDGETS),
    Endpoint(f"POST {BASIC}/user/team/check-key-budget", why_none="a key's budget does not cover GPU instances"),
    Endpoint(
        f"POST {BASIC}/user/team/check-key-budget-by-cost", why_none="a key's budget does not cover GPU instances"
    ),
    Endpoint("check member budget", why_none=PATH_UNKNOWN),
    Endpoint("check member budget by cost", why_none=PATH_UNKNOWN),
    Endpoint("update member budget", why_none=PATH_UNKNOWN),
    Endpoint("list keys", why_none=PATH_UNKNOWN),
)
ENDPOINTS = (*INSTANCES, *RESOURCES, *MONEY)
SUMS = {"month_to_date_usd", "spent_between_usd"}
"""Methods of the client that ask no endpoint of their own."""

TOOLS = {tool.name for tool in (*reading_tools(), *spending_tools(), *named_tools(("all",)))}
METHODS = {
    name for name, _ in inspect.getmembers(NovitaClient, inspect.iscoroutinefunction) if not name.startswith("_")
}


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row.endpoint)
def test_each_endpoint_has_a_tool_or_a_reason(row: Endpoint) -> None:
    assert bool(row.tools) != bool(row.why_none)
    assert set(row.tools) <= TOOLS
    assert not row.tools or row.method


def test_each_method_of_the_client_is_in_the_table_once_and_exists() -> None:
    named = [row.method for row in ENDPOINTS if row.method]
    assert len(named) == len(set(named))
    assert set(named) == METHODS - SUMS


def test_each_tool_of_a_toolset_covers_an_endpoint() -> None:
    covering = {tool for row in ENDPOINTS for tool in row.tools}
    without_novita = {"extend_lease"}
    assert {tool.name for tool in named_tools(("all",))} - without_novita <= covering


def test_no_endpoint_is_listed_twice() -> None:
    endpoints = [row.endpoint for row in ENDPOINTS]
    assert len(endpoints) == len(set(endpoints))

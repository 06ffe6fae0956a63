"""Templates: the account's own can be changed, the others only read."""

from typing import Any

from novita_mcp.simulator import bodies
from novita_mcp.simulator.calls import GPU, Call, Endpoints
from novita_mcp.simulator.checks import Flag, Text, check, check_query
from novita_mcp.simulator.paging import page, page_rules
from novita_mcp.simulator.refusals import Refusal
from novita_mcp.simulator.world import World


def list_templates(world: World, call: Call) -> Any:
    query = check_query(
        call.query,
        {"channel": Text(among=("official", "community", "private")), "isMyCommunity": Flag()},
        {**page_rules("pageNum"), "name": Text(), "type": Text()},
    )
    found = [
        template
        for template in world.templates.values()
        if template["channel"] == query["channel"]
        and query.get("name", "") in template["name"]
        and query.get("type", "") in {"", template["type"]}
    ]
    return {"template": page(found, query, "pageNum"), "total": len(found)}


def get_template(world: World, call: Call) -> Any:
    template = world.templates.get(check_query(call.query, {"templateId": bodies.ID}, {})["templateId"])
    if template is None:
        raise _not_found()
    return {"template": template}


def create_template(world: World, call: Call) -> Any:
    wish = check(call.body, bodies.TEMPLATE_CREATE)["template"]
    template_id = str(max(int(known) for known in world.templates) + 1)
    created_at = str(int(call.at.timestamp()))
    world.templates[template_id] = _BLANK | {"Id": template_id, "createdAt": created_at} | wish
    return {"templateId": template_id}


def update_template(world: World, call: Call) -> Any:
    wish = check(call.body, bodies.TEMPLATE_UPDATE)["template"]
    world.templates[wish["Id"]] = _own(world, wish["Id"]) | wish
    return {"templateId": wish["Id"]}


def delete_template(world: World, call: Call) -> Any:
    template = _own(world, check(call.body, bodies.TEMPLATE_DELETE)["templateId"])
    del world.templates[template["Id"]]
    return {"templateId": template["Id"]}


def _own(world: World, template_id: str) -> dict[str, Any]:
    template = world.templates.get(template_id)
    if template is None or template["channel"] != "private":
        raise _not_found()
    return template


def _not_found() -> Refusal:
    return Refusal("TEMPLATE_NOT_FOUND", "template not found")


_BLANK: dict[str, Any] = {
    "readme": "",
    "imageAuth": "",
    "startCommand": "",
    "entrypoint": "",
    "ports": [],
    "envs": [],
    "tools": [],
    "recommendCards": [],
    "minCudaVersion": "",
}

ENDPOINTS: Endpoints = {
    ("GET", f"{GPU}/templates"): list_templates,
    ("GET", f"{GPU}/template"): get_template,
    ("POST", f"{GPU}/template/create"): create_template,
    ("POST", f"{GPU}/template/update"): update_template,
    ("POST", f"{GPU}/template/delete"): delete_template,
}

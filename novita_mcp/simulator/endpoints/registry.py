"""Registry credentials, which the API shows with their passwords."""

from secrets import token_hex
from typing import Any

from novita_mcp.simulator import bodies
from novita_mcp.simulator.calls import GPU, Call, Endpoints
from novita_mcp.simulator.catalog import RegistryAuth
from novita_mcp.simulator.checks import check, check_query
from novita_mcp.simulator.refusals import Refusal
from novita_mcp.simulator.world import World


def list_auths(world: World, call: Call) -> Any:
    check_query(call.query, {}, {})
    auths = world.registry_auths.values()
    return {
        "data": [
            {"id": auth.id, "name": auth.name, "username": auth.username, "password": auth.password} for auth in auths
        ]
    }


def save_auth(world: World, call: Call) -> Any:
    auth = RegistryAuth(id=token_hex(4), **check(call.body, bodies.AUTH_SAVE))
    world.registry_auths[auth.id] = auth


def delete_auth(world: World, call: Call) -> Any:
    auth_id = check(call.body, bodies.AUTH_DELETE)["id"]
    if auth_id not in world.registry_auths:
        raise Refusal("RESOURCE_NOT_FOUND", "image auth not found")
    if any(instance.image_auth_id == auth_id for instance in world.existing()):
        raise Refusal("IMAGE_AUTH_IN_USE", "image auth in use")
    del world.registry_auths[auth_id]


ENDPOINTS: Endpoints = {
    ("GET", f"{GPU}/repository/auths"): list_auths,
    ("POST", f"{GPU}/repository/auth/save"): save_auth,
    ("POST", f"{GPU}/repository/auth/delete"): delete_auth,
}

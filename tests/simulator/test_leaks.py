"""The secrets that the real API shows, which a client has to keep to itself."""

import pytest

pytestmark = pytest.mark.anyio


async def test_lists_show_root_passwords_and_environment_values(api, clock):
    instance_id = await api.create(envs=[{"key": "HF_TOKEN", "value": "hf_secret"}])
    clock.advance(40)
    listed = (await api.get("/gpu/instances")).json()["instances"][0]
    assert listed["envs"] == [{"key": "HF_TOKEN", "value": "hf_secret"}]
    detailed = await api.instance(instance_id)
    assert listed["sshPassword"] == detailed["connectComponentSSH"]["password"] != ""


async def test_registry_credentials_show_their_passwords(api):
    await api.post("/repository/auth/save", {"name": "ghcr.io", "username": "me", "password": "hunter2"})
    auths = (await api.get("/repository/auths")).json()["data"]
    assert [auth["password"] for auth in auths] == ["EXAMPLE-NOT-A-REAL-PASSWORD", "hunter2"]


async def test_what_was_received_holds_bodies_but_no_keys(api, world):
    await api.create(name="seen")
    assert world.received[-1].body["name"] == "seen"
    assert "sk_test" not in repr(world.received)
    assert "sk_test" not in (await api.get("/simulator/v1/state")).text

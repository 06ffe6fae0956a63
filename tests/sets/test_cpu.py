"""CPU instances follow the CPU products' rules."""

from pathlib import Path
from typing import Any

import pytest

from tests.sets.rooms import room

pytestmark = pytest.mark.anyio

CPU = {"kind": "cpu", "productId": "cpu.8c16g", "imageUrl": "ubuntu:22.04", "name": "builder"}


@pytest.mark.parametrize("more", [{}, {"gpuNum": 2, "rootfsSize": 6000}, {"productId": "8 vCPU 16 GB"}])
async def test_a_cpu_instance_costs_its_products_price_and_sends_no_sizes(more: dict[str, Any], tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        outcome = await opened.outcome("create_gpu_instance", {**CPU, **more})
        assert outcome["status"] == "created"
        assert outcome["plan"]["quote"]["hourly"] == pytest.approx(0.05)
        assert outcome["plan"]["quote"]["stoppedHourly"] == 0
        body = opened.last_body
        assert (body["kind"], body["productId"]) == ("cpu", "cpu.8c16g")
        assert not {"gpuNum", "rootfsSize"} & body.keys()
        assert "GB" not in opened.person.asked[-1].replace("8 vCPU 16 GB", "")


async def test_sizes_given_with_a_cpu_instance_are_said_to_be_dropped(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        outcome = await opened.outcome("create_gpu_instance", {**CPU, "gpuNum": 1, "rootfsSize": 60, "dryRun": True})
        assert any("are not sent" in warning for warning in outcome["plan"]["warnings"])


async def test_a_gpu_product_is_none_for_a_cpu_instance_and_the_answer_names_some(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        result = await opened.call("create_gpu_instance", {**CPU, "productId": "4090.16c62g"})
        assert result.is_error
        assert "kind cpu has: cpu.8c16g" in opened.text_of(result)

"""What people write when they look for a GPU, and what is understood by it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_mcp.domain.search.asking.query import parse
from novita_mcp.domain.search.wishes import Wish

H100, A100, RTX_4090 = ("h100",), ("a100",), ("4090",)
SPOT_WELCOME = {"billing_mode": "spot", "spot_optional": True}

NAMES: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("gpu", {}),
    ("the cheapest GPU you have, please", {}),
    ("4090", {"names": [RTX_4090]}),
    ("rtx4090", {"names": [("rtx4090",)]}),
    ("RTX 4090", {"names": [("rtx", "4090")]}),
    ("RTX-4090", {"names": [("rtx4090",)]}),
    ("nvidia geforce rtx 4090", {"names": [("rtx", "4090")]}),
    ("H-100", {"names": [H100]}),
    ("H 100", {"names": [H100]}),
    ("h100 or a100", {"names": [H100, A100]}),
    ("H100, A100", {"names": [H100, A100]}),
    ("4090/5090", {"names": [RTX_4090, ("5090",)]}),
    ("H100 SXM", {"names": [("h100", "sxm")]}),
    ("H100, SXM", {"names": [("h100", "sxm")]}),
    ("4090.16c62g", {"names": [("4090.16c62g",)]}),
    ("A100-80GB.14c240g", {"names": [("a100-80gb.14c240g",)]}),
    ("4090.16c96g.v2 or h100", {"names": [("4090.16c96g.v2",), H100]}),
    ("26", {"names": [("26",)]}),
    ("\uff12 \uff58 \uff14\uff10\uff19\uff10", {"names": [RTX_4090], "gpu_num": 2}),
]
SIZES: list[tuple[str, dict[str, Any]]] = [
    ("80 GB", {"min_vram_gb": 80}),
    ("a100 80g", {"names": [A100], "min_vram_gb": 80}),
    ("A100-80GB", {"names": [A100], "min_vram_gb": 80}),
    ("RTX 4090 24GB", {"names": [("rtx", "4090")], "min_vram_gb": 24}),
    ("at least 48gb vram", {"min_vram_gb": 48}),
    ("24 GiB of gpu memory or more", {"min_vram_gb": 24}),
    ("48gb+", {"min_vram_gb": 48}),
    (">=32GB", {"min_vram_gb": 32}),
    ("≥ 32 gigs", {"min_vram_gb": 32}),
    ("more than 24 GB", {"min_vram_gb": 25}),
    ("vram 80", {"min_vram_gb": 80}),
    ("80 vram", {"min_vram_gb": 80}),
    ("with 64gb ram", {"min_memory_gb": 64}),
    ("200 GB system memory", {"min_memory_gb": 200}),
    ("ram: 128 GB, 24gb vram", {"min_memory_gb": 128, "min_vram_gb": 24}),
    ("500gb disk", {"min_disk_gb": 500}),
    ("h100 with 2tb storage", {"names": [H100], "min_disk_gb": 2000}),
    ("under 24 GB", {"unclear": ["under 24 gb"]}),
    ("160gb in total", {"unclear": ["160gb in total"]}),
]
MONEY: list[tuple[str, dict[str, Any]]] = [
    ("$2/h", {"max_hourly_usd": Decimal(2)}),
    ("under $3", {"max_hourly_usd": Decimal(3)}),
    ("under three dollars", {"max_hourly_usd": Decimal(3)}),
    ("max 2 usd per hour", {"max_hourly_usd": Decimal(2)}),
    ("2 dollars an hour", {"max_hourly_usd": Decimal(2)}),
    ("h100 under 1.20/h", {"names": [H100], "max_hourly_usd": Decimal("1.20")}),
    ("h100 under 1.5", {"names": [H100], "max_hourly_usd": Decimal("1.5")}),
    ("<0.4$", {"max_hourly_usd": Decimal("0.4")}),
    ("less than 50 cents", {"max_hourly_usd": Decimal("0.5")}),
    ("no more than $3/h per card", {"max_unit_hourly_usd": Decimal(3)}),
    ("$1.50 each", {"max_unit_hourly_usd": Decimal("1.50")}),
    ("$2/gpu/h", {"max_unit_hourly_usd": Decimal(2)}),
    ("$1,460/month", {"max_hourly_usd": Decimal(2)}),
    ("$12 a day", {"max_hourly_usd": Decimal("0.5")}),
    ("$20 for 10 hours", {"max_hourly_usd": Decimal(2)}),
    ("between $1 and $2", {"max_hourly_usd": Decimal(2)}),
    ("$1 or $2", {"max_hourly_usd": Decimal(1), "unclear": ["$2"]}),
    ("over $2", {"unclear": ["over $2"]}),
    ("under 2 eur", {"unclear": ["under 2 eur"]}),
    ("€2/h", {"unclear": ["€2/h"]}),
]
COUNTS: list[tuple[str, dict[str, Any]]] = [
    ("2x 3090", {"names": [("3090",)], "gpu_num": 2}),
    ("2x3090", {"names": [("3090",)], "gpu_num": 2}),
    ("8 × RTX 4090", {"names": [("rtx", "4090")], "gpu_num": 8}),
    ("4090x2", {"names": [RTX_4090], "gpu_num": 2}),
    ("4090 x4", {"names": [RTX_4090], "gpu_num": 4}),
    ("two H100s", {"names": [("h100s",)], "gpu_num": 2}),
    ("4 4090s", {"names": [("4090s",)], "gpu_num": 4}),
    ("h100, two cards", {"names": [H100], "gpu_num": 2}),
    ("8-gpu h100", {"names": [H100], "gpu_num": 8}),
    ("dual 5090", {"names": [("5090",)], "gpu_num": 2}),
    ("a pair of L40S", {"names": [("l40s",)], "gpu_num": 2}),
    ("gpuNum=4 h100", {"names": [H100], "gpu_num": 4}),
    ("max 4 gpus", {"gpu_num": 4}),
    ("16 gpus", {"gpu_num": 8, "unclear": ["16 GPUs (one instance has at most 8)"]}),
    ("2x 4090 or 1x a100", {"names": [RTX_4090, A100], "gpu_num": 2, "unclear": ["1x"]}),
]
PLACES: list[tuple[str, dict[str, Any]]] = [
    ("in singapore", {"places": ["Singapore"]}),
    ("h100 in the US", {"names": [H100], "places": ["US"]}),
    ("h100 USA", {"names": [H100], "places": ["US"]}),
    ("US-based h100", {"names": [H100], "places": ["US"]}),
    ("United States", {"places": ["US"]}),
    ("a100 in california", {"names": [A100], "places": ["California"]}),
    ("us-ca-6", {"places": ["us-ca-6"]}),
    ("US-CA-06", {"places": ["us-ca-6"]}),
    ("us-ca", {"places": ["us-ca"]}),
    ("US-CA-06 (California)", {"places": ["us-ca-6", "California"]}),
    ("us-ca-nas-2", {"places": ["us-ca-nas-2"]}),
    ("Hong Kong 3090", {"names": [("3090",)], "places": ["Hong Kong"]}),
    ("anything in India", {"places": ["India"]}),
    ("4090 in the U.K.", {"names": [RTX_4090], "places": ["United Kingdom"]}),
    ("EU or US", {"places": ["Europe", "US"]}),
    ("h100 not in singapore", {"names": [H100], "unclear": ["not in singapore"]}),
]
TERMS: list[tuple[str, dict[str, Any]]] = [
    ("spot 4090", {"names": [RTX_4090], "billing_mode": "spot"}),
    ("4090, interruptible", {"names": [RTX_4090], "billing_mode": "spot"}),
    ("4090, spot is fine", {"names": [RTX_4090], **SPOT_WELCOME}),
    ("spot or on-demand", SPOT_WELCOME),
    ("no spot", {"billing_mode": "onDemand"}),
    ("4090 on demand", {"names": [RTX_4090], "billing_mode": "onDemand"}),
    ("monthly 4090", {"names": [RTX_4090], "billing_mode": "monthly"}),
    ("4090 in stock", {"names": [RTX_4090], "available_only": True}),
    ("4090 even if sold out", {"names": [RTX_4090], "available_only": False}),
    ("not sold out", {"available_only": True}),
    ("h100 for 3 hours", {"names": [H100], "unclear": ["for 3 hours"]}),
    ("4090, not a 3090", {"names": [RTX_4090], "unclear": ["not a 3090"]}),
    (
        "cheapest H100 in the US, spot is fine, two cards, under three dollars",
        {"names": [H100], "places": ["US"], "gpu_num": 2, "max_hourly_usd": Decimal(3), **SPOT_WELCOME},
    ),
    (
        "I need a GPU in the United States with at least 24 GB of VRAM for less than $0.50 an hour",
        {"places": ["US"], "min_vram_gb": 24, "max_hourly_usd": Decimal("0.50")},
    ),
]


@pytest.mark.parametrize(("query", "meant"), [*NAMES, *SIZES, *MONEY, *COUNTS, *PLACES, *TERMS])
def test_a_query_means_what_it_says_and_nothing_else(query: str, meant: dict[str, Any]) -> None:
    assert _said(parse(query)) == meant


@given(st.text(max_size=200) | st.text("us.-k$0129,gbx/h hx+<>=aeo \n²½İ", min_size=100, max_size=200))
def test_any_text_is_read(query: str) -> None:
    assert parse(query).gpu_num in range(1, 9)


def _said(wish: Wish) -> dict[str, Any]:
    """What was named, in plain values."""
    named = {name: getattr(wish, name) for name in wish.model_fields_set}
    named["places"] = [place.name for place in wish.places]
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in named.items()
        if value not in ((), [])
    }

"""What the page says, and that nothing in a plan can say more than it is."""

from datetime import timedelta
from decimal import Decimal

import pytest

from novita_mcp.approval.page.rendering import render
from novita_mcp.approval.page.rooms import Room
from novita_mcp.approval.sheet import Sheet
from tests.page.sheets import COMMAND, create_sheet, delete_sheet

SECONDS_LEFT = 599.6


def drawn(sheet: Sheet, before: Sheet | None = None) -> str:
    room = Room(sheet)
    room.enter()
    room.before = before
    return render(room, seconds_left=SECONDS_LEFT)


def test_the_price_comes_before_everything_else():
    shown = drawn(create_sheet())
    order = ["$0.35", "per hour", "$8.40", "$255.50", "4090.16c62g", "vllm/vllm-openai", "vllm serve", "100 GB"]
    places = [shown.index(text, shown.index("<main")) for text in order]
    assert places == sorted(places)


@pytest.mark.parametrize("label", [fact.label for fact in create_sheet().facts[2:-1]])
def test_every_fact_is_shown(label: str):
    sheet = create_sheet(command="sleep infinity")
    shown = drawn(sheet)
    assert f"<dt>{label}</dt>" in shown
    assert next(fact.value for fact in sheet.facts if fact.label == label) in shown


def test_a_price_is_not_shown_twice():
    assert "<dt>Price</dt>" not in drawn(create_sheet())


HOSTILE = "</span><script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;"


@pytest.mark.parametrize(
    "sheet",
    [
        create_sheet(command=HOSTILE),
        create_sheet(command=HOSTILE * 5),
        create_sheet(warnings=(HOSTILE,)),
        create_sheet(assumptions=(HOSTILE,)),
        create_sheet().model_copy(update={"headline": HOSTILE}),
        create_sheet().model_copy(update={"digest": HOSTILE}),
        create_sheet().model_copy(update={"plan_id": HOSTILE}),
    ],
)
def test_no_text_becomes_markup(sheet: Sheet):
    shown = drawn(sheet)
    assert "<script>alert" not in shown
    assert "<img" not in shown
    assert shown.count("<script>") == 1


def test_a_long_command_is_shown_whole_with_its_length():
    shown = drawn(create_sheet())
    assert f"{len(COMMAND)} characters" in shown
    assert "vllm serve meta-llama/Llama-3.1-8B-Instruct --port 8000 --max-model-len 32768" in shown


def test_a_changed_price_shows_the_old_one_and_the_difference():
    shown = drawn(create_sheet(hourly="0.42"), before=create_sheet())
    assert "was </span>$0.35" in shown
    assert "$0.07 more per hour than you were shown before" in shown
    assert "<title>Changed: $0.42/h" in shown


def test_a_changed_fact_shows_the_old_one():
    shown = drawn(create_sheet(command="sleep 1"), before=create_sheet(command="sleep infinity"))
    assert "<bdi>sleep infinity</bdi>" in shown


def test_an_unknown_price_is_said():
    shown = drawn(create_sheet(hourly="0.35").model_copy(update={"quote": unknown_quote()}))
    assert "Price unknown" in shown
    assert "unknown price" in shown


def unknown_quote():
    quote = create_sheet().quote
    assert quote is not None
    return quote.model_copy(update={"hourly": None, "daily": None, "monthly": None, "lease_total": None})


def test_money_paid_up_front_is_said():
    assert "cannot be undone" in drawn(create_sheet(upfront=Decimal("255.50")))


def test_a_delete_says_what_is_lost_and_looks_dangerous():
    shown = drawn(delete_sheet())
    assert 'class="destroys"' in shown
    assert "the 120 GB disk and everything on it" in shown
    assert "Delete for good" in shown


def test_guardrails_say_actual_and_limit():
    shown = drawn(create_sheet())
    assert "<b>$0.35</b> of $5.00" in shown
    assert "<b>61.3 h</b>, at least 1 h" in shown
    assert "<b>3</b> of 5" in shown
    assert "$4.65 to spare" in shown
    assert "Could not read what was spent" in shown


@pytest.mark.parametrize("ending", ["approved", "declined", "expired", "elsewhere"])
def test_a_settled_plan_has_no_buttons(ending):
    room = Room(create_sheet(), ending=ending)
    shown = render(room, seconds_left=0)
    assert "<button" not in shown
    assert "<form" not in shown
    assert f'data-state="{ending}"' in shown


def test_nothing_comes_from_elsewhere():
    shown = drawn(create_sheet())
    assert "http:" not in shown
    assert "https:" not in shown
    assert "src=" not in shown


def test_the_countdown_starts_at_what_is_left():
    shown = drawn(create_sheet())
    assert ">9:59</time>" in shown
    assert f"Open until {create_sheet().expires_at:%H:%M} UTC" in shown
    assert create_sheet().expires_at.utcoffset() == timedelta(0)


def test_a_room_does_not_tell_its_secrets():
    room = Room(create_sheet())
    token, session = room.new_launch().token, Room(create_sheet()).enter()
    room.session = session
    assert token not in repr(room)
    assert session not in repr(room)

"""Plan ids guessed, stale, swapped, replayed and raced."""

from dataclasses import replace

import anyio
import pytest

from tests.adversarial.hostile import GONE, Act, Era, Model, model, told
from tests.world import CREATE, ERAS, opened

pytestmark = pytest.mark.anyio


async def applies_what_was_never_planned(m: Model):
    await m.apply(GONE)


async def applies_a_thousand_guesses(m: Model):
    for number in range(50):
        await m.apply(f"plan-{number:012d}")


async def applies_a_wildcard(m: Model):
    await m.plan()
    for guess in ("plan-%", "plan-*", "*", "plan-", "' OR 1=1 --", "../ledger.db"):
        await m.apply(guess)


async def applies_the_id_in_another_spelling(m: Model):
    plan_id = await m.plan()
    for spelling in (plan_id.upper(), f" {plan_id}", f"{plan_id}\n", plan_id.removeprefix("plan-")):
        await m.apply(spelling)


async def applies_without_a_person(m: Model):
    await m.apply(await m.plan())


async def applies_a_preview(m: Model):
    await m.apply(await m.plan(dryRun=True))


async def applies_again_and_again(m: Model):
    plan_id = await m.plan()
    for _ in range(10):
        await m.apply(plan_id)


async def asks_until_somebody_gives_in(m: Model):
    for _ in range(30):
        await m.create()


async def applies_what_the_guardrails_denied(m: Model):
    denied = await m.create(productId="A100-80GB.14c240g", gpuNum=8)
    assert denied is not None
    assert denied.structured_content is not None
    await m.apply(denied.structured_content["planId"])


async def swaps_the_approved_plan_for_a_dearer_one(m: Model):
    cheap, dear = await m.plan(), await m.plan(gpuNum=2)
    m.person_approves(cheap)
    await m.apply(dear)


async def waits_until_an_approval_is_stale(m: Model):
    plan_id = await m.plan()
    m.person_approves(plan_id)
    m.server.clock.advance(600)
    await m.apply(plan_id)


async def applies_an_approval_after_the_price_rose(m: Model):
    plan_id = await m.plan()
    m.person_approves(plan_id)
    product = m.server.world.gpu_products["4090.16c62g"]
    m.server.world.gpu_products["4090.16c62g"] = replace(product, price_raw=product.price_raw + 1)
    await m.apply(plan_id)


NOTHING: dict[str, Act] = {
    act.__name__.replace("_", " "): act
    for act in (
        applies_what_was_never_planned,
        applies_a_thousand_guesses,
        applies_a_wildcard,
        applies_the_id_in_another_spelling,
        applies_without_a_person,
        applies_a_preview,
        applies_again_and_again,
        asks_until_somebody_gives_in,
        applies_what_the_guardrails_denied,
        swaps_the_approved_plan_for_a_dearer_one,
        waits_until_an_approval_is_stale,
        applies_an_approval_after_the_price_rose,
    )
}


@pytest.mark.parametrize("era", ERAS)
@told(NOTHING)
async def test_nothing_is_created_by_a_model_that(story: Act, era: Era, tmp_path):
    async with model(tmp_path, era) as m:
        await story(m)


async def applies_an_approved_plan_twice(m: Model):
    plan_id = await m.plan()
    m.person_approves(plan_id)
    await m.apply(plan_id)
    await m.apply(plan_id)


async def applies_an_approved_plan_ten_times_at_once(m: Model):
    plan_id = await m.plan()
    m.person_approves(plan_id)
    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(m.apply, plan_id)


async def repeats_the_call_that_was_approved(m: Model):
    plan_id = await m.plan()
    m.person_approves(plan_id)
    await m.apply(plan_id)
    for _ in range(3):
        await m.create()


async def plans_the_same_twice_and_applies_both_on_one_yes(m: Model):
    first, second = await m.plan(), await m.plan()
    m.person_approves(first)
    await m.apply(second)
    await m.apply(first)


async def rides_on_an_approval_given_to_a_delete(m: Model):
    plan_id = await m.plan()
    m.person_approves(plan_id)
    created = await m.server.outcome("apply_plan", {"planId": plan_id})
    instance_id = created["instance"]["instanceId"]
    delete = await m.server.outcome("delete_gpu_instance", {"instanceId": instance_id})
    m.person_approves(delete["planId"])
    await m.create()
    await m.apply(await m.plan())


ONCE: dict[str, Act] = {
    act.__name__.replace("_", " "): act
    for act in (
        applies_an_approved_plan_twice,
        applies_an_approved_plan_ten_times_at_once,
        repeats_the_call_that_was_approved,
        plans_the_same_twice_and_applies_both_on_one_yes,
        rides_on_an_approval_given_to_a_delete,
    )
}


@pytest.mark.parametrize("era", ERAS)
@told(ONCE)
async def test_only_what_was_approved_is_created_by_a_model_that(story: Act, era: Era, tmp_path):
    async with model(tmp_path, era, creates=1) as m:
        await story(m)


@pytest.mark.parametrize("era", ERAS)
async def test_a_plan_of_another_server_is_worth_nothing(era: Era, tmp_path):
    async with model(tmp_path / "one", era) as m:
        async with opened(tmp_path / "other", mode=era, clock=m.server.clock) as other:
            theirs = (await other.outcome("create_gpu_instance", CREATE))["planId"]
        await m.apply(theirs)

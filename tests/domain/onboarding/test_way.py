"""From application to go-live: what settles steps, who decides, the gate, and ways back."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from domain.agreements import service as agreements
from domain.contacts.models import Contact
from domain.errors import DomainError, InvalidState, NotFound, PermissionDenied
from domain.onboarding import agreement as signing
from domain.onboarding import applying, categories, criteria, deciding, errors, looking_up
from domain.onboarding.agreement import Signer
from domain.onboarding.criteria import Register
from domain.onboarding.models import PartnerOnboarding, PartnerTask, StepState, WayIn
from domain.onboarding.registers import Found, Outcome
from domain.partner_orders import integration
from tenants.actor import SYSTEM, Actor
from tenants.auth import clock
from tenants.auth.models import Invitation
from tenants.permissions import Role
from tests import factories
from tests.domain.onboarding.world import World

FOUND = {Register.KVK: Found(Outcome.FOUND, "Zonnig"), Register.VIES: Found(Outcome.FOUND)}


async def tasks_of(world: World, row: PartnerOnboarding) -> dict[str, str]:
    async with world.database.session(SYSTEM) as session:
        query = select(PartnerTask.kind, PartnerTask.owner).filter_by(onboarding_id=row.id, state="OPEN")
        return {kind: owner for kind, owner in await session.execute(query)}


async def answered(world: World, row: PartnerOnboarding, answers: dict[Register, Found]) -> None:
    async with world.database.session(SYSTEM) as session:
        await looking_up.answered(session, row.id, answers)


async def again(world: World, row: PartnerOnboarding) -> PartnerOnboarding:
    async with world.database.session(SYSTEM) as session:
        return await session.get_one(PartnerOnboarding, row.id)


async def administrator(world: World, row: PartnerOnboarding) -> Actor:
    async with world.database.session(SYSTEM) as session:
        organization = await session.get_one(Contact, row.organization_id)
        return await factories.actor_with(session, Role.PARTNER_ADMIN, world.entity, organization=organization)


# --- visitors -------------------------------------------------------------------------------------------------------


async def test_a_visitor_is_accepted_without_anybody_once_address_and_registers_say_yes(a_world: World) -> None:
    row = await a_world.apply(a_world.visitor, email="ans@zonnig.example", vat_number="NL123456782B01")
    assert row is not None
    assert row.confirmed_at is None
    assert await tasks_of(a_world, row) == {}
    [mail] = await a_world.mails("ans@zonnig.example")
    token = re.search(r"#(\S+)", mail)
    assert token
    async with a_world.database.session(SYSTEM) as session:
        await applying.confirm(session, a_world.entity.id, token[1])
    await answered(a_world, row, FOUND)
    row = await again(a_world, row)
    assert row.state == "DOCUMENTS"
    assert row.contact_id is not None
    async with a_world.database.session(SYSTEM) as session:
        made = await session.get_one(Contact, row.organization_id)
        invited = (await session.scalars(select(Invitation).filter_by(organization_id=made.id))).one()
        assert (await integration.of(session, a_world.entity.id, made.id)).status == "SETUP"
    assert (made.partner_model, made.kvk_number, invited.role) == ("LEAD_TRANSFER", row.kvk_number, "PARTNER_ADMIN")
    assert await tasks_of(a_world, row) == {
        "ADMINISTRATOR": "PARTNER",
        "DOCUMENT_COMPANY_EXTRACT": "PARTNER",
        "AGREEMENT": "STAFF",
        "SIGNATURE": "PARTNER",
    }


async def test_a_link_works_once_in_time_and_with_its_own_entity(a_world: World, monkeypatch: Any) -> None:
    row = await a_world.apply(a_world.visitor, email="b@zonnig.example")
    token = re.search(r"#(\S+)", (await a_world.mails("b@zonnig.example"))[0])
    assert token
    assert row
    other = a_world.admin.organization_id or row.id
    for entity_id, secret in ((other, token[1]), (a_world.entity.id, "x" * 43)):
        with pytest.raises(errors.ConfirmationInvalid):
            async with a_world.database.session(SYSTEM) as session:
                await applying.confirm(session, entity_id, secret)
    later = clock.now() + timedelta(days=applying.CONFIRM_DAYS, seconds=1)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        with pytest.raises(errors.ConfirmationInvalid):
            async with a_world.database.session(SYSTEM) as session:
                await applying.confirm(session, a_world.entity.id, token[1])
        async with a_world.database.session(SYSTEM) as session:
            assert await applying.forget_unconfirmed(session) >= 1
    async with a_world.database.session(SYSTEM) as session:
        assert await session.get(PartnerOnboarding, row.id) is None


async def test_nobody_learns_what_is_known_nor_floods_a_mailbox(a_world: World) -> None:
    async with a_world.database.session(SYSTEM) as session:
        known = await factories.organization(session, a_world.entity, email="c@zonnig.example")
    for number in range(applying.MAILS_PER_DAY + 2):
        made = await a_world.apply(a_world.visitor, email="c@zonnig.example", company_name=known.name)
        assert (made is not None) is (number < applying.MAILS_PER_DAY)
    assert len(await a_world.mails("c@zonnig.example")) == applying.MAILS_PER_DAY
    for name in ("organization_id", "parent_id"):
        with pytest.raises(PermissionDenied):
            await a_world.apply(a_world.visitor, **{name: known.id})


# --- judgement ------------------------------------------------------------------------------------------------------


async def test_what_no_register_can_say_is_a_task_of_staff(a_world: World) -> None:
    row = await a_world.apply(orders_per_month=1, category="ENERGY", way_in=WayIn.API)
    assert row
    await answered(a_world, row, {Register.KVK: Found(Outcome.NOT_CONFIGURED), Register.VIES: Found(Outcome.NOT_GIVEN)})
    assert await tasks_of(a_world, row) == {"KVK": "STAFF", "VAT": "STAFF", "CRITERIA": "STAFF"}
    with pytest.raises(errors.GateClosed) as closed:
        async with a_world.database.session(SYSTEM) as session:
            await deciding.accept(session, a_world.admin, row.id)
    assert "CRITERIA" in closed.value.message("en")
    async with a_world.database.session(SYSTEM) as session:
        for code, state in (("KVK", StepState.DONE), ("VAT", StepState.WAIVED), ("CRITERIA", StepState.DONE)):
            step = await a_world.step(session, row.id, code)
            await deciding.settle_step(session, a_world.admin, step.id, state, "looked it up")
    assert (await again(a_world, row)).state == "DOCUMENTS"


async def test_steps_of_the_facts_are_nobodys_word(a_world: World) -> None:
    row = await a_world.accepted()
    refused: list[tuple[str, StepState, type[DomainError]]] = [
        ("AGREEMENT", StepState.DONE, errors.StepOfTheFacts),
        ("SIGNATURE", StepState.WAIVED, errors.StepNotWaivable),
        ("GOING_LIVE", StepState.WAIVED, errors.StepNotWaivable),
    ]
    for code, state, refusal in refused:
        async with a_world.database.session(SYSTEM) as session:
            step = await a_world.step(session, row.id, code)
            with pytest.raises(refusal):
                await deciding.settle_step(session, a_world.admin, step.id, state, "because")


# --- the gate -------------------------------------------------------------------------------------------------------


async def signed(world: World, row: PartnerOnboarding, admin: Actor) -> None:
    assert row.organization_id
    async with world.database.session(world.admin) as session:
        await agreements.save_agreement(session, world.entity.id, row.organization_id, {})
    async with world.database.session(SYSTEM) as session:
        shown = await signing.to_sign(session, world.entity.id, row.organization_id, "nl")
        signer = Signer("Ans de Boer", "directeur")
        made = await signing.sign(session, admin, row.organization_id, world.entity.id, shown.sha256, signer)
        again = await signing.sign(session, admin, row.organization_id, world.entity.id, shown.sha256, signer)
    assert made.id == again.id
    assert row.company_name in made.text
    assert "Verwerkersovereenkomst" in made.text


async def test_a_partner_goes_live_by_its_own_word_and_not_before(a_world: World) -> None:
    row = await a_world.accepted()
    admin = await administrator(a_world, row)
    assert row.organization_id
    await a_world.waive(row, "DOCUMENT_COMPANY_EXTRACT", "SKU_MAP")
    with pytest.raises(errors.GateClosed) as closed:
        async with a_world.database.session(SYSTEM) as session:
            await deciding.go_live(session, admin, row.id)
    assert closed.value.parameters["steps"] == "AGREEMENT, SIGNATURE"
    await signed(a_world, row, admin)
    assert (await a_world.proceed(row)).state == "GO_LIVE"
    async with a_world.database.session(SYSTEM) as session:
        live = await deciding.go_live(session, admin, row.id)
        assert live.state == "LIVE"
        assert live.live_at
        assert (await integration.of(session, a_world.entity.id, row.organization_id)).status == "LIVE"
    assert await tasks_of(a_world, row) == {}
    with pytest.raises(InvalidState):
        async with a_world.database.session(SYSTEM) as session:
            await deciding.withdraw(session, admin, row.id, "changed our minds")


async def test_who_is_live_has_to_sign_a_new_agreement_too(a_world: World) -> None:
    row = await a_world.accepted()
    admin = await administrator(a_world, row)
    await a_world.waive(row, "DOCUMENT_COMPANY_EXTRACT", "SKU_MAP")
    await signed(a_world, row, admin)
    async with a_world.database.session(SYSTEM) as session:
        await deciding.go_live(session, admin, row.id)
    assert row.organization_id
    async with a_world.database.session(a_world.admin) as session:
        await agreements.save_agreement(session, a_world.entity.id, row.organization_id, {"quote_valid_days": 10})
    assert (await a_world.proceed(row)).state == "LIVE"
    assert await tasks_of(a_world, row) == {"SIGNATURE": "PARTNER"}


async def test_a_signature_is_of_what_was_shown_and_of_ones_own(a_world: World) -> None:
    row = await a_world.accepted()
    admin = await administrator(a_world, row)
    assert row.organization_id
    async with a_world.database.session(a_world.admin) as session:
        await agreements.save_agreement(session, a_world.entity.id, row.organization_id, {})
    async with a_world.database.session(SYSTEM) as session:
        shown = await signing.to_sign(session, a_world.entity.id, row.organization_id, "en")
    async with a_world.database.session(a_world.admin) as session:
        await agreements.save_agreement(session, a_world.entity.id, row.organization_id, {"payment_terms_days": 14})
    other = await administrator(a_world, await a_world.accepted())
    for by, refusal in ((admin, errors.AgreementChanged), (other, NotFound)):
        with pytest.raises(refusal):
            async with a_world.database.session(SYSTEM) as session:
                await signing.sign(
                    session, by, row.organization_id, a_world.entity.id, shown.sha256, Signer("Ans", "CEO")
                )


# --- ways back ------------------------------------------------------------------------------------------------------


async def test_what_was_closed_goes_on_where_it_was_and_another_may_not_take_its_place(a_world: World) -> None:
    row = await a_world.accepted()
    admin = await administrator(a_world, row)
    before = await tasks_of(a_world, row)
    async with a_world.database.session(SYSTEM) as session:
        await deciding.reject(session, a_world.admin, row.id, "no references")
    assert await tasks_of(a_world, row) == {}
    with pytest.raises(InvalidState):
        async with a_world.database.session(SYSTEM) as session:
            await deciding.reopen(session, admin, row.id)
    other = await a_world.apply(organization_id=row.organization_id)
    assert other
    with pytest.raises(errors.OnboardingUnderWay):
        async with a_world.database.session(SYSTEM) as session:
            await deciding.reopen(session, a_world.admin, row.id)
    async with a_world.database.session(SYSTEM) as session:
        await deciding.withdraw(session, admin, other.id, "by mistake")
        await deciding.reopen(session, a_world.admin, row.id)
    assert (await again(a_world, row)).state == "DOCUMENTS"
    assert (await tasks_of(a_world, row)).keys() == before.keys() - {"ADMINISTRATOR"}


async def test_a_partner_applies_for_one_below_it_and_for_nobody_else(a_world: World) -> None:
    above = await administrator(a_world, await a_world.accepted())
    below = await a_world.apply(above)
    assert below
    assert below.parent_organization_id == above.organization_id
    async with a_world.database.session(SYSTEM) as session:
        row = await deciding.accept(session, a_world.admin, below.id, "ours to decide")
        made = await session.get_one(Contact, row.organization_id)
        stranger = await factories.organization(session, a_world.entity)
    assert made.chain_organization_ids == [above.organization_id, made.id]
    with pytest.raises(NotFound):
        await a_world.apply(above, parent_id=stranger.id)


async def test_two_applications_of_one_organization_are_one(a_world: World) -> None:
    async with a_world.database.session(SYSTEM) as session:
        known = await factories.organization(session, a_world.entity)
    assert await a_world.apply(organization_id=known.id)
    with pytest.raises(errors.OnboardingUnderWay):
        await a_world.apply(organization_id=known.id)
    async with a_world.database.session(SYSTEM) as session:
        many = await session.scalar(
            select(func.count()).select_from(PartnerOnboarding).filter_by(organization_id=known.id)
        )
    assert many == 1


async def test_a_later_change_of_the_category_does_not_move_the_goal(a_world: World) -> None:
    row = await a_world.accepted()
    async with a_world.database.session(SYSTEM) as session:
        harder = criteria.DEFAULTS["B2B_CONTRACTOR"]
        await categories.save(session, a_world.admin, a_world.entity.id, "LEAD_TRANSFER", harder)
    assert "DOCUMENT_LIABILITY_INSURANCE" not in await a_world.states(row)
    assert "DOCUMENT_LIABILITY_INSURANCE" in await a_world.states(await a_world.accepted(orders_per_month=9))

"""What was refused is kept for who may look at it, and a flood of it is counted."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers import quarantine
from domain.chargers.models import Channel, QuarantinedMessage
from domain.chargers.quarantine import ANYBODY, FLOOD, Refused
from domain.devices.refusing import Refusals
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tests.factories import unique
from tests.parking import shared


async def keep(database: Database, *refused: Refused) -> None:
    async with database.session(SYSTEM) as session:
        for each in refused:
            await quarantine.keep(session, each)


async def kept(database: Database, identity: str, as_: Actor = SYSTEM) -> Sequence[QuarantinedMessage]:
    async with database.session(as_) as session:
        query = select(QuarantinedMessage).where(QuarantinedMessage.identity == identity)
        return (await session.execute(query.order_by(QuarantinedMessage.created_at))).scalars().all()


def refused(identity: str, **values: Any) -> Refused:
    return Refused(**({"identity": identity, "channel": Channel.MQTT, "action": "metrics", "reason": "BAD"} | values))


async def test_like_messages_are_one_row_with_the_first_of_them(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    for payload in (b"first", b"second"):
        await keep(database, refused(charger.identity, payload=payload))
    await keep(database, refused(charger.identity, repeated=998), refused(charger.identity, action="status"))
    one, other = await kept(database, charger.identity)
    assert (one.payload, one.repeated, one.entity_id, one.charger_id) == ("first", 1000, p.entity.id, charger.id)
    assert (other.action, other.repeated) == ("status", 1)
    assert (await p.told(charger.id)).count("charger.message_quarantined") == 2


async def test_a_flood_of_different_messages_is_bounded(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    many = [refused(charger.identity, action=f"a{n}") for n in range(quarantine.MOST_ROWS + 20)]
    await keep(database, *many)
    rows = await kept(database, charger.identity)
    assert len(rows) == quarantine.MOST_ROWS + 1
    assert [row.repeated for row in rows if row.reason == FLOOD] == [20]
    await keep(database, many[0])
    assert next(row for row in await kept(database, charger.identity) if row.action == "a0").repeated == 2


async def test_unknown_identities_share_one_bound_and_are_the_platforms_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = await shared(database)
    monkeypatch.setattr(quarantine, "MOST_UNKNOWN", 2)
    async with database.session(SYSTEM) as session:
        await session.execute(delete(QuarantinedMessage).where(QuarantinedMessage.charger_id.is_(None)))
    names = [unique("nobody-") for _ in range(4)]
    await keep(database, *[refused(name) for name in names])
    assert [len(await kept(database, name)) for name in names] == [1, 1, 0, 0]
    [flood] = await kept(database, ANYBODY)
    assert (flood.repeated, flood.entity_id) == (2, None)
    assert await kept(database, names[0], p.actors["staff"]) == []


async def test_whatever_is_sent_can_be_kept(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    await keep(database, refused(charger.identity, payload=b"\x00\xff" + "é€".encode() * 5000, detail="\x00" * 9999))
    [row] = await kept(database, charger.identity)
    assert len(row.payload.encode()) <= quarantine.MOST_PAYLOAD
    assert "\x00" not in row.payload + row.detail
    odd = "\ud800" + unique("odd\x00")
    await keep(database, refused(odd, action="x" * 999, reason="Y" * 999))


@pytest.mark.parametrize(("who", "sees"), [("staff", 1), ("stranger", 0)])
async def test_staff_of_the_entity_see_it(database: Database, who: str, sees: int) -> None:
    p = await shared(database)
    charger = await p.charger()
    await keep(database, refused(charger.identity))
    assert len(await kept(database, charger.identity, p.actors[who])) == sees


@pytest.mark.parametrize("who", ["technician", "partner", "owner", "driver"])
async def test_nobody_else_may_look(database: Database, who: str) -> None:
    p = await shared(database)
    with pytest.raises(Exception, match="permission denied"):
        await kept(database, "any", p.actors[who])


async def test_a_flood_reaches_the_database_once_and_is_counted_whole(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    refusals = Refusals(database, apart=60)
    for _ in range(1000):
        await refusals.add(refused(charger.identity))
    [row] = await kept(database, charger.identity)
    assert row.repeated == 1
    await refusals.close()
    [row] = await kept(database, charger.identity)
    assert row.repeated == 1000


async def test_what_comes_while_a_flood_is_written_down_is_written_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = await shared(database)
    charger = await p.charger()
    refusals, keeping = Refusals(database, apart=60), quarantine.keep
    late = [refused(charger.identity), refused(charger.identity)]

    async def keep_and_come(session: AsyncSession, written: Refused) -> None:
        await keeping(session, written)
        if refusals._writing is not None and late:
            refusals._count(late.pop())

    monkeypatch.setattr(quarantine, "keep", keep_and_come)
    await refusals.add(refused(charger.identity))
    await refusals.add(refused(charger.identity))
    assert refusals._writing is not None
    refusals._apart = 0.0
    await refusals._writing
    assert not late
    [row] = await kept(database, charger.identity)
    assert row.repeated == 4

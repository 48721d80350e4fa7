"""How a charger proves who it is: with its own live secret, and with nothing else."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from domain.chargers import connections, credentials, enrolment, hashing, registry
from domain.chargers.errors import AlreadyEnrolled, ChargerRetired, NotEnrolled
from domain.chargers.models import ChargerState, DeviceConnection, DeviceCredential, Protocol
from domain.errors import NotFound, OutOfRange
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.parking import Park, device, shared


async def rotate(p: Park, charger_id: UUID, **values: int) -> str:
    async with p.database.session(SYSTEM) as session:
        return (await credentials.rotate(session, charger_id, **values))[1]


def test_the_kept_form_is_what_mosquitto_reads() -> None:
    secret = hashing.new_secret()
    assert (len(secret), secret) == (40, bytes.fromhex(secret).hex())
    empty, kind, iterations, salt, digest = hashing.mosquitto(hashing.hashed(secret)).split("$")
    assert (empty, kind) == ("", "7")
    again = hashlib.pbkdf2_hmac("sha512", secret.encode(), base64.b64decode(salt), int(iterations), 64)
    assert base64.b64decode(digest) == again
    assert hashing.hashed(secret).salt != hashing.hashed(secret).salt


async def test_only_its_own_secret_opens(database: Database) -> None:
    p = await shared(database)
    (one, secret), (other, others) = await p.with_secret(), await p.with_secret()
    assert await p.verify(one.identity, secret) == device(one)
    assert await p.verify(one.identity, bytes.fromhex(secret)) == device(one)
    assert await p.verify(one.identity, secret.upper()) == device(one)
    for wrong in ("", "0" * 40, secret[:-1], secret + "0", others, "x" * 100_000):
        assert await p.verify(one.identity, wrong) is None
    assert await p.verify(other.identity, secret) is None
    for nobody in ("CP-NOBODY", "", "x" * 10_000, "CP\x00", "CP-\ud800", one.identity.lower(), f"{one.identity} "):
        assert await p.verify(nobody, secret) is None


async def test_an_identity_without_credentials_is_not_let_in(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger(enrolled=False)
    assert await p.verify(charger.identity, "0" * 40) is None


async def test_rotation_overlaps_until_the_new_secret_is_used(database: Database) -> None:
    p = await shared(database)
    charger, old = await p.with_secret()
    await p.verify(charger.identity, old)
    new = await rotate(p, charger.id)
    assert await p.verify(charger.identity, old)
    assert await p.verify(charger.identity, new)
    assert await p.verify(charger.identity, old) is None


async def test_the_old_secret_ends_by_itself(database: Database) -> None:
    p = await shared(database)
    charger, old = await p.with_secret()
    new = await rotate(p, charger.id, overlap_seconds=60)
    async with database.session(SYSTEM) as session:
        over = update(DeviceCredential).where(DeviceCredential.expires_at.is_not(None))
        mine = over.where(DeviceCredential.charger_id == charger.id)
        await session.execute(mine.values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert await p.verify(charger.identity, old) is None
    assert await p.verify(charger.identity, new)


async def test_rotating_at_once_throws_out_who_has_the_old_secret(database: Database) -> None:
    p = await shared(database)
    charger, old = await p.with_secret()
    async with database.session(SYSTEM) as session:
        await connections.connect(session, device(charger), Protocol.OCPP16, "192.0.2.7", "here")
    await rotate(p, charger.id, overlap_seconds=0)
    assert await p.verify(charger.identity, old) is None
    async with database.session(SYSTEM) as session:
        assert await connections.hold(session, "here", [charger.id]) == {charger.id}
        assert (await session.get_one(DeviceConnection, charger.id)).end_reason == "CREDENTIALS_ROTATED"


async def test_of_many_rotations_the_one_in_use_and_the_newest_are_good(database: Database) -> None:
    p = await shared(database)
    charger, first = await p.with_secret()
    await p.verify(charger.identity, first)
    lost, newest = await rotate(p, charger.id), await rotate(p, charger.id)
    assert await p.verify(charger.identity, lost) is None
    assert await p.verify(charger.identity, first)
    assert await p.verify(charger.identity, newest)
    async with database.session(SYSTEM) as session:
        accepted = [each.identity for each in await credentials.accepted(session)]
    assert accepted.count(charger.identity) == 1


async def test_who_may_not_be_given_credentials(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger(enrolled=False)
    with pytest.raises(NotEnrolled):
        await rotate(p, charger.id)
    with pytest.raises(OutOfRange):
        await rotate(p, charger.id, overlap_seconds=10_000_000)
    async with database.session(p.actors["staff"]) as session:
        await registry.retire(session, charger.id, "Stolen")
    for work in (enrolment.enrol, credentials.rotate):
        with pytest.raises(ChargerRetired):
            async with database.session(SYSTEM) as session:
                await work(session, charger.id)
    with pytest.raises(NotFound):
        await rotate(p, p.entity.id)


async def test_enrolling_again_voids_what_was_handed_out_until_it_is_used(database: Database) -> None:
    p = await shared(database)
    charger, lost = await p.with_secret()
    async with database.session(SYSTEM) as session:
        again = await enrolment.enrol(session, charger.id)
    assert await p.verify(charger.identity, lost) is None
    assert again.secret is not None
    assert await p.verify(charger.identity, again.secret)
    async with database.session(SYSTEM) as session:
        again.charger.state = ChargerState.IN_SERVICE.value
        session.add(again.charger)
    with pytest.raises(AlreadyEnrolled):
        async with database.session(SYSTEM) as session:
            await enrolment.enrol(session, charger.id)


async def test_enrolling_again_throws_out_who_has_the_old_secret(database: Database) -> None:
    """It was connected, and never said that it has started."""
    p = await shared(database)
    charger, _ = await p.with_secret()
    async with database.session(SYSTEM) as session:
        await connections.connect(session, device(charger), Protocol.MQTT, "", "here")
        await enrolment.enrol(session, charger.id)
        assert await connections.hold(session, "here", [charger.id]) == {charger.id}


async def test_retiring_refuses_and_undoing_it_lets_in_again(database: Database) -> None:
    p = await shared(database)
    charger, secret = await p.with_secret()
    async with database.session(SYSTEM) as session:
        await connections.connect(session, device(charger), Protocol.MQTT, "", "here")
    async with database.session(p.actors["staff"]) as session:
        await registry.suspend(session, charger.id, "Damaged")
        await registry.retire(session, charger.id, "Taken down")
    assert await p.verify(charger.identity, secret) is None
    async with database.session(SYSTEM) as session:
        assert await connections.hold(session, "here", [charger.id]) == {charger.id}
        assert charger.identity not in [each.identity for each in await credentials.accepted(session)]
    for state in (ChargerState.SUSPENDED, ChargerState.ENROLLED):
        async with database.session(p.actors["staff"]) as session:
            assert (await registry.resume(session, charger.id)).state == state
        assert await p.verify(charger.identity, secret)


@pytest.mark.parametrize("who", ["staff", "technician", "partner", "owner", "driver"])
async def test_nobody_reads_a_hash(database: Database, who: str) -> None:
    p = await shared(database)
    await p.charger()
    with pytest.raises(Exception, match="permission denied"):
        async with database.session(p.actors[who]) as session:
            await session.execute(select(DeviceCredential.secret_hash))

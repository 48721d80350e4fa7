"""An access that is withdrawn ends its connections within five seconds, and one that runs out when it does."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from api.live.watching import Watch
from tenants.actor import SYSTEM
from tenants.auth import api_keys
from tenants.auth.models import ApiKey
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.api.live.serving import Login, Served, emptied, login, served
from tests.quoting import Market

EVENTS = "subscription { events { cursor } }"
Withdraw = Callable[["asyncpg.Connection[Any]", Login], Awaitable[object]]


async def _log_out(owner: Any, who: Login) -> None:
    await owner.execute("UPDATE login_session SET ended_at = now() WHERE id = $1", who.session_id)


async def _suspend(owner: Any, who: Login) -> None:
    await owner.execute("UPDATE membership SET status = 'SUSPENDED' WHERE user_id = $1", who.actor.user_id)


async def _change_password(owner: Any, who: Login) -> None:
    update = "UPDATE user_account SET security_version = security_version + 1 WHERE id = $1"
    await owner.execute(update, who.actor.user_id)


@pytest.mark.parametrize("withdraw", [_log_out, _suspend, _change_password])
async def test_a_withdrawn_login_ends_within_five_seconds(
    api: Served,
    database: Database,
    settings: Settings,
    m: Market,
    owner: "asyncpg.Connection[Any]",
    withdraw: Withdraw,
) -> None:
    who = await login(database, settings, m.actors["dealer"])
    async with api.client(who) as first, api.client(who) as second:
        await first.subscribe(EVENTS)
        await first.live()
        began = time.monotonic()
        await withdraw(owner, who)
        assert await first.closed() == await second.closed() == (4403, "TOKEN_REVOKED")
        assert time.monotonic() - began < 5
    async with api.socket(who.host) as opened:
        await opened.send(f'{{"type":"connection_init","payload":{{"Authorization":"Bearer {who.bearer}"}}}}')
        with pytest.raises(Exception):  # noqa: B017,PT011  # closed instead of acknowledged
            await opened.recv()
    await emptied(api.live)


async def test_who_sees_other_rows_from_now_on_has_to_connect_anew(
    settings: Settings, database: Database, m: Market
) -> None:
    who = await login(database, settings, m.actors["staff"])
    async with served(settings, live_check_seconds=0.1) as api, api.client(who) as client:
        await client.subscribe(EVENTS)
        await client.live()
        async with database.session(SYSTEM) as session:
            other = await factories.business_entity(session)
            user = await factories.user(session)
            await factories.membership(session, user, Role.OPERATIONS, other)
        async with database.session(SYSTEM) as session:
            mine = await session.get_one(type(user), m.actors["staff"].user_id)
            await factories.membership(session, mine, Role.OPERATIONS, other)
        assert await client.closed() == (4403, "ACCESS_CHANGED")


async def test_a_revoked_key_ends(settings: Settings, database: Database, m: Market, owner: Any) -> None:
    made = api_keys.generate()
    async with database.session(SYSTEM) as session:
        key = {"prefix": made.prefix, "secret_hash": made.secret_hash, "scopes": ["events:read", "orders:read"]}
        session.add(ApiKey(entity_id=m.entity.id, organization_id=m.dealer.id, name="Key", **key))
    who = Login(m.actors["dealer"], made.shown_once, (await login(database, settings, m.actors["dealer"])).host)
    async with served(settings, live_check_seconds=0.1) as api, api.client(who) as client:
        await client.subscribe(EVENTS)
        await client.live()
        await owner.execute("UPDATE api_key SET revoked_at = now() WHERE prefix = $1", made.prefix)
        assert await client.closed() == (4403, "KEY_INVALID")


async def test_a_token_that_runs_out_ends_its_socket_at_that_time(
    settings: Settings, database: Database, m: Market
) -> None:
    who = await login(database, settings.model_copy(update={"access_token_seconds": 2}), m.actors["staff"])
    async with served(settings) as api, api.client(who) as client:
        await client.subscribe(EVENTS)
        began = time.monotonic()
        assert await client.closed() == (4403, "TOKEN_EXPIRED")
        assert time.monotonic() - began < 4


async def test_what_does_not_change_the_rows_ends_nothing(
    settings: Settings, database: Database, m: Market, owner: Any
) -> None:
    """A login is looked up many times; a new name of its user is no reason to end it."""
    who = await login(database, settings, m.actors["staff"])
    async with served(settings) as api, api.client(who) as client:
        watch: Watch = api.live.watch
        for name in ("One", "Two"):
            await owner.execute("UPDATE user_account SET name = $1 WHERE id = $2", name, who.actor.user_id)
            await watch.look()
        (held,) = watch.held.values()
        assert held.credential.actor.name == "Two"
        await client.live()

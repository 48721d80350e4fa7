"""One transaction, two identities: the platform's for the work, a person's for what that person may find and read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.actor import SETTINGS, Actor
from tenants.audience import Audience

_SET_CONTEXT = text("SELECT " + ", ".join(f"set_config('{name}', :s{i}, true)" for i, name in enumerate(SETTINGS)))


@asynccontextmanager
async def acting_as(session: AsyncSession, actor: Actor) -> AsyncIterator[AsyncSession]:
    """Within a session of the system actor: what happens in the block happens as `actor`, row-level security included.

    Rights are checked and results read in such a block, before and after work that reaches beyond the actor's rows.
    An error of the database ends the transaction, so nothing is restored after one.
    """
    platform: Actor = session.info["actor"]
    if platform.audience is not Audience.SYSTEM:
        raise ValueError("only a session of the system actor can act as somebody else")
    await session.flush()
    await become(session, actor)
    try:
        yield session
        await session.flush()
    except DBAPIError:
        raise
    except Exception:
        await become(session, platform)
        raise
    else:
        await become(session, platform)
    finally:
        session.info["actor"] = platform


async def become(session: AsyncSession, actor: Actor) -> None:
    """Go on as `actor` until told otherwise: role and settings. `session` is on a login of the system."""
    role = "NONE" if actor.audience is Audience.SYSTEM else actor.audience.database_role
    await session.execute(text(f"SET LOCAL ROLE {role}"))
    await session.execute(_SET_CONTEXT, {f"s{i}": value for i, value in enumerate(actor.settings().values())})
    session.info["actor"] = actor

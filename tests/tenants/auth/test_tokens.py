from tenants.auth.authenticate import authenticate
from tenants.auth.sessions import access_token_for
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests.tenants.auth.people import Portal


async def test_an_access_token_names_its_actor(database: Database, settings: Settings) -> None:
    portal = await Portal.make(database)
    member = await portal.member(Role.OPERATIONS)
    token = await access_token_for(database, settings, member.id, host=portal.host)
    actor = await authenticate(database, settings, bearer=token, host=portal.host)
    assert (actor.role, actor.user_id, actor.entity_ids) == (Role.OPERATIONS, member.user_id, (portal.entity_id,))

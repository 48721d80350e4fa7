"""Asking the whole schema about leads as one actor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from redis.asyncio import Redis

from api.context import Context, RequestFacts
from api.reading import global_id
from api.schema import platform_schema
from tenants.actor import Actor
from tenants.brands import BrandFacts
from tenants.settings import Settings
from tests.domain.leads.world import World

SCHEMA = platform_schema("a secret of this test")
ADDRESS = {"postalCode": "3861 ab", "houseNumber": "1"}
KEEN = {"productCategory": "CHARGING_STATION", "homeOwner": True, "carPower": "ELECTRIC"}
SUBMIT = """
mutation Submit($input: SubmitLeadInput!) { submitLead(input: $input) {
  receipt { number status submittedAt }
  lead { id __typename number status email source language interests { productCategory homeOwner notes }
    contact { name } address { postalCode flagged } partnerOrganization { name } entity { name } }
  userErrors { code field message }
} }
"""


@dataclass
class Asker:
    """Asks the whole schema as one actor, through the portal of the world's brand."""

    world: World
    settings: Settings
    actor: Actor
    address: str = ""
    """Of the request; each request has its own where it is empty."""
    redis: Redis | None = None

    async def ask(self, document: str, /, **variables: Any) -> Any:
        """The data; an error is a failure of the test."""
        result = await self._execute(document, variables)
        assert not result.errors, result.errors
        return result.data

    async def error(self, document: str, /, **variables: Any) -> str:
        """The code of the only error, or what it says where it has none."""
        result = await self._execute(document, variables)
        assert result.errors is not None
        [error] = result.errors
        return str((error.extensions or {}).get("code") or error.message)

    async def submit(self, **given: Any) -> Any:
        """What submitLead answers."""
        said = {"name": "Jan Jansen", "email": f"{uuid4().hex}@example.nl"} | given
        return (await self.ask(SUBMIT, input=said))["submitLead"]

    async def _execute(self, document: str, variables: Mapping[str, Any]) -> Any:
        brand, entity = self.world.brand, self.world.entity
        portal = BrandFacts(brand.id, entity.id, brand.host, brand.name, brand.locale)
        facts = RequestFacts(uuid4().hex, ip_address=self.address or uuid4().hex)
        context = Context(self.actor, self.world.database, self.settings, facts, self.redis, portal)
        return await SCHEMA.execute(document, variable_values=dict(variables), context_value=context)


Ask = Callable[[Actor], Asker]


def gid(kind: str, id: UUID) -> str:
    return str(global_id(kind, id))


def codes(payload: Any) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["field"]) for error in payload["userErrors"]]

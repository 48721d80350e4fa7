"""Asking the whole schema as one actor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from api.context import Context, RequestFacts
from api.reading import global_id
from api.schema import platform_schema
from tenants.actor import Actor
from tenants.engine import Database
from tenants.settings import Settings

SCHEMA = platform_schema("a secret of these tests")


@dataclass
class Asker:
    """One actor's requests, each from an address of its own."""

    database: Database
    settings: Settings
    actor: Actor

    async def ask(self, document: str, /, **variables: Any) -> Any:
        """The data; an error is a failure of the test."""
        result = await self.execute(document, variables)
        assert not result.errors, result.errors
        return result.data

    async def error(self, document: str, /, **variables: Any) -> str:
        """The code of the only error, or what it says where it has none."""
        result = await self.execute(document, variables)
        assert result.errors is not None
        [error] = result.errors
        return str((error.extensions or {}).get("code") or error.message)

    async def execute(self, document: str, variables: Mapping[str, Any]) -> Any:
        facts = RequestFacts(uuid4().hex, ip_address=uuid4().hex)
        context = Context(self.actor, self.database, self.settings, facts)
        return await SCHEMA.execute(document, variable_values=dict(variables), context_value=context)


def gid(kind: str, id: UUID) -> str:
    """The global id of a row."""
    return str(global_id(kind, id))


def codes(payload: Any) -> list[tuple[str, list[str]]]:
    """Code and field of each user error."""
    return [(error["code"], error["field"]) for error in payload["userErrors"]]

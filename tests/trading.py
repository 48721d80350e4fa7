"""Asking the schema about quotes and orders as the actors of a market."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from api.context import Context, RequestFacts
from tenants.settings import Settings
from tests.asking import SCHEMA, Asker, gid
from tests.quoting import Market

SIGN = """mutation S($input: SignQuoteInput!) { signQuote(input: $input) {
  quote { status pendingParties } signature { kind documentHash identityProof } order { id number }
  userErrors { code field message } } }"""


@dataclass
class Trader(Asker):
    """One actor's requests; every mutation has an Idempotency-Key of its own unless one is set."""

    key: str | None = None

    async def execute(self, document: str, variables: Mapping[str, Any]) -> Any:
        facts = RequestFacts(uuid4().hex, "192.0.2.1", "Test/1.0", idempotency_key=self.key or uuid4().hex)
        context = Context(self.actor, self.database, self.settings, facts)
        return await SCHEMA.execute(document, variable_values=dict(variables), context_value=context)

    async def sign(self, quote_id: UUID, document_hash: bytes, **values: Any) -> Any:
        """What signQuote answers."""
        given = {"quoteId": gid("Quote", quote_id), "documentHash": document_hash.hex(), **values}
        return (await self.ask(SIGN, input=given))["signQuote"]


def trader(m: Market, settings: Settings, name: str, key: str | None = None) -> Trader:
    """Somebody of a market."""
    return Trader(m.database, settings, m.actors[name], key)

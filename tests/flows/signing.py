"""Looking at a quote, signing it, declining it, and the order that comes of it."""

from typing import Any

from tests.flows.steps import Client

_LINE = """__typename sku payerRole visitPosition
  ... on PricedLineItem { net { amount } vat { amount } gross { amount } }
  ... on TechnicalLineItem { technicalDescription }"""
_SEEN = "net { amount } vat { amount } gross { amount }"
QUOTE = f"""__typename id number status pendingParties currentVersion {_SEEN}
  lines {{ {_LINE} }}
  parties {{ id role requirement state gross {{ amount }} signature {{ id }} }}
  version {{ number documentHash expiresAt signatures {{ kind signerName identityProof }} }}"""
ORDER = f"""__typename id number stage progress onHold holdReason cancelReason sequence
  lines {{ {_LINE} }}
  ... on CommercialOrder {{ {_SEEN} signatures {{ kind signerName }} parties {{ role gross {{ amount }} }} }}"""
SIGNED = f"quote {{ {QUOTE} }} signature {{ kind signerName identityProof documentHash }} order {{ {ORDER} }}"


async def look_at(client: Client, quote: str) -> Any:
    """The quote as the client sees it."""
    return await client.query("quote", QUOTE, id=quote)


async def hash_of(client: Client, quote: str) -> str:
    """The document hash of the version that the client looks at."""
    return str((await look_at(client, quote))["version"]["documentHash"])


async def sign(client: Client, quote: str, *, key: str | None = None, **more: Any) -> Any:
    """Sign what the client looks at."""
    given = {"quoteId": quote, "documentHash": await hash_of(client, quote)} | more
    return await client.mutate("signQuote", SIGNED, key=key, input=given)


async def refused_to_sign(client: Client, quote: str, document_hash: str, **more: Any) -> str:
    """Why signing is refused."""
    return await client.refusal("signQuote", input={"quoteId": quote, "documentHash": document_hash} | more)


async def decline(client: Client, quote: str, reason: str = "Te duur") -> Any:
    """Decline, with a reason."""
    return await client.mutate("declineQuote", f"quote {{ {QUOTE} }}", input={"quoteId": quote, "reason": reason})


async def revise(client: Client, quote: str, *lines: dict[str, Any], reason: str = "Op verzoek") -> None:
    """Send a new version with these lines."""
    await client.mutate("reviseQuote", "quote { id }", input={"quoteId": quote, "reason": reason, "lines": list(lines)})
    await client.mutate("sendQuote", "quote { id }", id=quote)


def amounts(seen: Any) -> tuple[str, str, str]:
    """Net, VAT and gross in euros."""
    return seen["net"]["amount"], seen["vat"]["amount"], seen["gross"]["amount"]


def skus(seen: Any) -> list[str]:
    """The articles of the lines that are seen."""
    return [line["sku"] for line in seen["lines"]]

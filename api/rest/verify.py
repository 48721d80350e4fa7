"""Whether a document is ours: a page for people, JSON for programs, and the keys to check seals with."""

from datetime import datetime
from html import escape
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from api.guards import hold_address
from api.openapi import PUBLIC, Media, described, path
from api.openapi.shapes import HTML, Jwks
from api.signatures import PER_MINUTE
from domain.errors import language_of
from domain.numbering.service import AMSTERDAM
from domain.signatures.keys import keyring
from domain.signatures.verification import CheckedSignature, Verification, verify_document
from tenants.actor import SYSTEM

KEYS_KEPT_SECONDS = 3600
_HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Language",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 4rem auto; padding: 0 1rem; color: #222 }}
  code {{ overflow-wrap: anywhere }}
  table {{ border-collapse: collapse }}
  th, td {{ border-bottom: 1px solid #ccc; padding: .3rem 1rem .3rem 0; text-align: left }}
</style>
<h1>{title}</h1>
<p><code>{hash}</code></p>
{body}
</html>
"""
_WORDS: dict[str, dict[str, str]] = {
    "nl": {
        "title": "Document controleren",
        "unknown": "Wij kennen geen document met deze code.",
        "known": "{entity} heeft op {sent} een document met deze code verstuurd.",
        "holds": "Het document is ongewijzigd en alle zegels kloppen.",
        "broken": "Let op: niet alle zegels kloppen. Neem contact met ons op.",
        "none": "Er is nog niet op gereageerd.",
        "SIGNED": "Ondertekend",
        "ACKNOWLEDGED": "Voor kennisgeving aangenomen",
        "DECLINED": "Afgewezen",
        "kind": "Handeling",
        "time": "Tijdstip",
        "seal": "Zegel",
        "yes": "klopt",
        "no": "klopt niet",
        "key": "Sleutel",
    },
    "en": {
        "title": "Check a document",
        "unknown": "We know no document with this code.",
        "known": "{entity} sent a document with this code on {sent}.",
        "holds": "The document is unchanged and all its seals hold.",
        "broken": "Mind: not all seals hold. Please contact us.",
        "none": "Nobody has responded to it yet.",
        "SIGNED": "Signed",
        "ACKNOWLEDGED": "Acknowledged",
        "DECLINED": "Declined",
        "kind": "Act",
        "time": "Time",
        "seal": "Seal",
        "yes": "holds",
        "no": "does not hold",
        "key": "Key",
    },
}


async def verify(request: Request) -> Response:
    """What is known of a document hash, never what the document says; the same shape for an unknown one."""
    await hold_address(request, "verify", PER_MINUTE)
    async with request.app.state.database.session(SYSTEM) as session:
        keys = keyring(request.app.state.settings)
        found = await verify_document(session, request.path_params["document_hash"], keys)
    if _wants_html(request):
        return HTMLResponse(_page(found, _language(request)), headers=_HEADERS)
    return JSONResponse(_body(found), headers=_HEADERS)


async def signing_keys(request: Request) -> Response:
    """RFC 7517: the public keys that seal signatures now or did before."""
    keys = keyring(request.app.state.settings).jwks()
    return JSONResponse(keys, headers={"Cache-Control": f"public, max-age={KEYS_KEPT_SECONDS}"})


def _wants_html(request: Request) -> bool:
    """Browsers name text/html; programs that name nothing get JSON."""
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    html = next((place for place, name in enumerate(accepted) if name == "text/html"), None)
    json = next((place for place, name in enumerate(accepted) if name == "application/json"), None)
    return html is not None and (json is None or html < json)


def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language", "nl").partition(",")[0].strip() or "nl")


def _body(found: Verification) -> dict[str, Any]:
    return {
        "documentHash": found.document_hash,
        "known": found.known,
        "entityName": found.entity_name,
        "sentAt": _utc(found.sent_at),
        "sealsVerify": found.seals_verify,
        "signatures": [
            {
                "kind": signature.kind,
                "signedAt": _utc(signature.signed_at),
                "sealVerifies": signature.seal_verifies,
                "keyId": signature.key_id,
            }
            for signature in found.signatures
        ],
    }


def _utc(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _page(found: Verification, language: str) -> str:
    words = _WORDS[language]
    body = _known(found, words) if found.known else f"<p>{words['unknown']}</p>"
    return _PAGE.format(language=language, title=words["title"], hash=escape(found.document_hash), body=body)


def _known(found: Verification, words: dict[str, str]) -> str:
    sent = words["known"].format(entity=escape(found.entity_name or ""), sent=_local(found.sent_at))
    state = words["holds"] if found.seals_verify else words["broken"]
    acts = _table(found, words) if found.signatures else f"<p>{words['none']}</p>"
    return f"<p>{sent}</p>\n<p>{state}</p>\n{acts}"


def _table(found: Verification, words: dict[str, str]) -> str:
    head = "".join(f"<th>{words[name]}</th>" for name in ("kind", "time", "seal", "key"))
    rows = "".join(_row(signature, words) for signature in found.signatures)
    return f"<table><tr>{head}</tr>{rows}</table>"


def _row(signature: CheckedSignature, words: dict[str, str]) -> str:
    seal = words["yes" if signature.seal_verifies else "no"]
    cells = (words[signature.kind], _local(signature.signed_at), seal, f"<code>{escape(signature.key_id)}</code>")
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _local(moment: datetime | None) -> str:
    return moment.astimezone(AMSTERDAM).strftime("%Y-%m-%d %H:%M") if moment else ""


class CheckedSeal(BaseModel):
    """One act on a document."""

    kind: str = Field(description="SIGNED, ACKNOWLEDGED or DECLINED.")
    signedAt: datetime | None  # as it is spelt in JSON
    sealVerifies: bool
    keyId: str


class VerificationAnswer(BaseModel):
    """What is known of a document, never what it says."""

    documentHash: str
    known: bool = Field(description="Whether it is one of ours.")
    entityName: str | None
    sentAt: datetime | None
    sealsVerify: bool | None
    signatures: list[CheckedSeal]


ROUTES = [
    described(
        Route("/verify/{document_hash}", verify, methods=["GET"]),
        summary="Whether a document is ours and unchanged.",
        tag="Documents",
        security=PUBLIC,
        responses={200: (Media("application/json", VerificationAnswer), Media(HTML, {"type": "string"}))},
        codes={429: ("RATE_LIMITED",)},
        parameters=[path("document_hash", "SHA-256 of the document, in hexadecimal digits.", example="0" * 64)],
    ),
    described(
        Route("/.well-known/document-signing-keys.json", signing_keys, methods=["GET"]),
        summary="The keys to check seals with (RFC 7517).",
        tag="Documents",
        security=PUBLIC,
        responses={200: Jwks},
    ),
]

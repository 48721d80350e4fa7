"""GraphiQL, served from here alone: no script, style, font or image comes from another host, and none could."""

import hashlib
import secrets
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from api.openapi import unlisted

_FILES = Path(__file__).parent / "static" / "graphiql"
_KINDS = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; font-src data:; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FILE_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="style-nonce" content="{nonce}">
<title>GraphiQL</title>
<link rel="stylesheet" href="{files}/graphiql.min.css">
<link rel="stylesheet" href="{files}/page.css">
</head>
<body>
<div id="account">
<form id="log-in-form" autocomplete="on">
<input id="email" type="email" placeholder="E-mail" autocomplete="username" aria-label="E-mail" required>
<input id="password" type="password" placeholder="Password" autocomplete="current-password" aria-label="Password"
  required>
<input id="code" class="short" inputmode="numeric" placeholder="Code" autocomplete="one-time-code" aria-label="Code">
<button>Log in</button>
</form>
<form id="token-form" autocomplete="off">
<input id="token" type="password" placeholder="or an access token or API key" aria-label="Token" required>
<button>Use</button>
</form>
<button id="log-out" hidden>Forget</button>
<span id="status" role="status"></span>
</div>
<div id="graphiql">GraphiQL needs JavaScript.</div>
<script src="{files}/react.production.min.js"></script>
<script src="{files}/react-dom.production.min.js"></script>
<script src="{files}/graphiql.min.js"></script>
<script src="{files}/page.js"></script>
</body>
</html>
"""


async def page(_request: Request) -> Response:
    """The page; what it may ask is what its visitor may."""
    nonce = secrets.token_urlsafe(16)
    headers = {"Content-Security-Policy": _POLICY.format(nonce=nonce), **_PAGE_HEADERS}
    return HTMLResponse(_PAGE.format(nonce=nonce, files=f"/graphiql/{_digest()}"), headers=headers)


async def file(request: Request) -> Response:
    """One of the files that the page consists of; an address with another digest is of another version."""
    name = request.path_params["name"]
    if name not in _names() or request.path_params["digest"] != _digest():
        raise HTTPException(404)
    return FileResponse(_FILES / name, media_type=_KINDS[Path(name).suffix], headers=_FILE_HEADERS)


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in _FILES.iterdir())


@cache
def _digest() -> str:
    """Changes with every change of a file."""
    contents = b"".join(hashlib.sha256((_FILES / name).read_bytes()).digest() for name in sorted(_names()))
    return hashlib.sha256(contents).hexdigest()[:16]


ROUTES = [
    unlisted(Route("/graphiql", page), "A page for persons."),
    unlisted(Route("/graphiql/{digest}/{name}", file), "What that page consists of."),
]

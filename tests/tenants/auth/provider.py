"""A small OpenID Connect provider that speaks the real protocol, and can be told to misbehave."""

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID = "chargecars"
CLIENT_SECRET = "the provider's secret"


@dataclass
class Provider:
    """Its state; `claims` and `header` are mixed into the next ID tokens, `key` signs them."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    published: list[RSAKey] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def person(self, subject: str, email: str, *, verified: Any = True, **claims: Any) -> None:
        """Who logs in there from now on."""
        self.claims = {"sub": subject, "email": email, "email_verified": verified} | claims

    async def discover(self, _: Request) -> Response:
        self.asked.append("configuration")
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }
        return JSONResponse(found | self.configuration)

    async def jwks(self, _: Request) -> Response:
        keys = self.published or [self.key]
        return JSONResponse({"keys": [key.as_dict(private=False) for key in keys]})

    async def authorize(self, request: Request) -> Response:
        code = secrets.token_urlsafe(16)
        self.codes[code] = dict(request.query_params)
        target = f"{request.query_params['redirect_uri']}?code={code}&state={request.query_params['state']}"
        return RedirectResponse(target, 302)

    async def token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(form.get("code", ""), None)
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        authentic = request.headers.get("authorization") == f"Basic {expected}"
        if asked is None or not authentic or asked["code_challenge"] != challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        header = {"alg": "RS256", "kid": self.key.kid}
        return JSONResponse({"id_token": jwt.encode(header, claims | self.claims, self.key), "token_type": "Bearer"})


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """A provider on a free port of this machine."""
    made = Provider()
    routes = [
        Route("/.well-known/openid-configuration", made.discover),
        Route("/jwks", made.jwks),
        Route("/authorize", made.authorize),
        Route("/token", made.token, methods=["POST"]),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=0, log_level="error", lifespan="off"))
    sockets = [server.config.bind_socket()]
    made.issuer = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    serving = asyncio.create_task(server.serve(sockets))
    try:
        yield made
    finally:
        server.should_exit = True
        await serving

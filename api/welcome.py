"""The page at a portal's bare address."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.openapi import unlisted
from tenants.brands import brand_of

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{name}</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 4rem auto; padding: 0 1rem; color: #222 }}
  pre {{ background: #f4f4f4; padding: 1rem; overflow: auto }}
</style>
<h1>{name}</h1>
{body}
</html>
"""
_BRANDED = """<p>This host serves the GraphQL API of {name}. Send queries to <code>POST /graphql</code>:</p>
<pre>curl {base}/graphql -H 'Content-Type: application/json' \\
  -d '{{"query":"{{ __typename }}"}}'</pre>
<p>Log in first to read data, then send <code>Authorization: Bearer …</code>. The schema describes itself to staff and
partners who are logged in; <a href="/graphiql">GraphiQL</a> shows it.</p>"""
_UNKNOWN = """<p>No portal lives at this host name. The API answers at <code>/graphql</code> under the host name of a
brand.</p>"""


async def welcome(request: Request) -> Response:
    """Whose portal this is and how to talk to it."""
    brand = await brand_of(request.app.state.database, request.headers.get("host", ""))
    if brand is None:
        return HTMLResponse(_PAGE.format(name="ChargeCars", body=_UNKNOWN), 404, _HEADERS)
    base = escape(str(request.base_url).rstrip("/"))
    body = _BRANDED.format(name=escape(brand.name), base=base)
    return HTMLResponse(_PAGE.format(name=escape(brand.name), body=body), 200, _HEADERS)


ROUTES = [unlisted(Route("/", welcome), "A page for persons.")]

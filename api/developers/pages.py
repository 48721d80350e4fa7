"""The frame of the pages for developers: one style sheet of ours, nothing of another host."""

import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

FILES = Path(__file__).parents[1] / "static" / "developers"
MAKES = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
_KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_NAVIGATION = (
    ("/developers", {"nl": "Overzicht", "en": "Overview"}),
    ("/developers/guide", {"nl": "Handleiding", "en": "Guide"}),
    ("/developers/openapi", {"nl": "HTTP", "en": "HTTP"}),
    ("/developers/graphql", {"nl": "GraphQL", "en": "GraphQL"}),
    ("/developers/errors", {"nl": "Foutcodes", "en": "Errors"}),
    ("/developers/changes", {"nl": "Wijzigingen", "en": "Changes"}),
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Language",
}
_PAGE = MAKES.from_string("""<!doctype html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<link rel="stylesheet" href="/developers/files/{{ style }}/page.css">
{% if script %}
<script src="/developers/files/{{ style }}/{{ script }}" defer></script>
{% endif %}
</head>
<body>
<nav aria-label="{{ 'Onderdelen' if language == 'nl' else 'Sections' }}">
{% for path, words in navigation %}
<a href="{{ path }}"{% if path == here %} aria-current="page"{% endif %}>{{ words[language] }}</a>
{% endfor %}
</nav>
<main>
<h1>{{ title }}</h1>
{{ body }}
</main>
</body>
</html>
""")


def page(here: str, title: str, body: str, *, language: str = "en", script: str = "") -> Response:
    """A page with `body`, which is HTML already."""
    text = _PAGE.render(
        here=here,
        title=title,
        body=Markup(body),  # noqa: S704  # made by our own templates, which escape
        language=language,
        script=script,
        style=digest(),
        navigation=_NAVIGATION,
    )
    return HTMLResponse(text, headers=_HEADERS)


@cache
def digest() -> str:
    """Changes with every change of a file."""
    contents = b"".join(hashlib.sha256(path.read_bytes()).digest() for path in sorted(FILES.iterdir()))
    return hashlib.sha256(contents).hexdigest()[:16]


@cache
def served() -> dict[str, tuple[Path, str]]:
    """The files that pages consist of, with their media types."""
    return {path.name: (path, _KINDS[path.suffix]) for path in FILES.iterdir() if path.suffix in _KINDS}

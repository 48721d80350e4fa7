"""Every error code: what it means in Dutch and English, its HTTP status, and where it occurs."""

import ast
import importlib.util
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute, Route

import domain
from api.developers.pages import MAKES
from api.openapi.describe import description_of
from api.openapi.request_codes import REQUEST_CODES
from api.openapi.words import words_of
from domain.errors import Conflict, DomainError, NotFound, PermissionDenied, RateLimited, Unavailable, registry

USER_ERRORS = 200
"""Of what the domain refuses a mutation: a 200 with `userErrors`."""


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One code. `status` is of HTTP endpoints; GraphQL answers 200 with `userErrors` or `errors`."""

    code: str
    nl: str
    en: str
    status: tuple[int, ...]
    graphql: str
    """`userErrors` or `errors`; empty where GraphQL never says it."""
    endpoints: tuple[str, ...]
    """Method and path of the HTTP endpoints that say it."""
    areas: tuple[str, ...]
    """The parts of the platform whose rules it is one of."""


def reference(routes: Iterable[BaseRoute]) -> list[ErrorCode]:
    """Every code, in alphabetical order."""
    places = _places(routes)
    stated = {code: _of_the_domain(error, places) for code, error in registry().items()}
    return [found for _, found in sorted((stated | _of_requests(places, stated)).items())]


def as_json(codes: list[ErrorCode]) -> dict[str, Any]:
    """What /developers/errors.json says."""
    return {"errors": [asdict(each) for each in codes]}


def _of_the_domain(error: type[DomainError], places: dict[str, list[tuple[int, str]]]) -> ErrorCode:
    found = places.get(error.code, [])
    statuses = tuple(sorted({status for status, _ in found})) or (_status(error),)
    return ErrorCode(
        code=error.code,
        nl=words_of(error.code, "nl"),
        en=words_of(error.code, "en"),
        status=statuses,
        graphql="userErrors",
        endpoints=tuple(sorted({endpoint for _, endpoint in found})),
        areas=tuple(sorted(_areas().get(error.__name__, {_area(error)}))),
    )


def _of_requests(places: dict[str, list[tuple[int, str]]], stated: Iterable[str]) -> dict[str, ErrorCode]:
    """What is refused before the domain is asked."""
    made = {}
    for code, known in REQUEST_CODES.items():
        found = places.get(code, [])
        seen = {status for status, _ in found} | ({known.status} - {USER_ERRORS})
        made[code] = ErrorCode(
            code=code,
            nl=known.nl,
            en=known.en,
            status=tuple(sorted(seen)) or (known.status,),
            graphql="userErrors, errors" if code in stated else "errors",
            endpoints=tuple(sorted({endpoint for _, endpoint in found})),
            areas=("requests",),
        )
    return made


def _status(error: type[DomainError]) -> int:
    """What an endpoint beside GraphQL would answer."""
    kinds = ((NotFound, 404), (PermissionDenied, 403), (Conflict, 409), (RateLimited, 429), (Unavailable, 503))
    return next((status for kind, status in kinds if issubclass(error, kind)), 422)


def _places(routes: Iterable[BaseRoute]) -> dict[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for route in routes:
        said = description_of(route)
        if said is None or said.why_unlisted or not isinstance(route, Route):
            continue
        verbs = sorted((said.methods or route.methods or set()) - {"HEAD"})
        for status, codes in said.codes.items():
            for code in codes:
                found[code] += [(status, f"{verb} {route.path}") for verb in verbs]
    return found


@cache
def _areas() -> dict[str, set[str]]:
    """By name of the class, the areas of the domain whose modules raise it; read from the source once."""
    found: dict[str, set[str]] = defaultdict(set)
    root = Path(domain.__path__[0])
    for path in root.rglob("*.py"):
        area = path.relative_to(root).parts[0].removesuffix(".py")
        for name in _raised(ast.parse(path.read_bytes())):
            found[name].add(area)
    return dict(found)


def _raised(tree: ast.AST) -> Iterator[str]:
    """Names that are called: errors are made where they are raised or collected."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr


def _area(error: type[DomainError]) -> str:
    parts = error.__module__.split(".")
    spec = importlib.util.find_spec(error.__module__)
    return parts[1] if spec is not None and len(parts) > 1 else parts[0]


_TABLE = MAKES.from_string("""
<p>{{ intro }} <a href="/developers/errors.json">JSON</a></p>
<div class="wide"><table>
<thead><tr>{% for word in heads %}<th scope="col">{{ word }}</th>{% endfor %}</tr></thead>
<tbody>
{% for each in codes %}
<tr id="{{ each.code }}"><td><code>{{ each.code }}</code></td>
<td>{{ each[language] }}</td>
<td>{{ each.status | join(", ") }}</td>
<td class="dim">{% for endpoint in each.endpoints %}<code>{{ endpoint }}</code><br>{% endfor %}
{{ each.graphql }}{% if each.areas %}: {{ each.areas | join(", ") }}{% endif %}</td></tr>
{% endfor %}
</tbody></table></div>
""")
_WORDS = {
    "nl": {
        "intro": "Codes veranderen niet; teksten wel. In GraphQL staan ze in userErrors (status 200) of errors.",
        "heads": ("Code", "Betekenis", "Status", "Waar"),
    },
    "en": {
        "intro": "Codes never change; words may. In GraphQL they stand in userErrors (status 200) or errors.",
        "heads": ("Code", "Meaning", "Status", "Where"),
    },
}


def as_html(codes: list[ErrorCode], language: str) -> str:
    """The body of /developers/errors."""
    return _TABLE.render(codes=[asdict(each) for each in codes], language=language, **_WORDS[language])

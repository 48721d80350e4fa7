"""What changed in the API from release to release: kept beside the code, written when a release is made."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    is_specified_scalar_type,
)

from api.developers.pages import FILES, MAKES
from api.versions.used import deprecated_parts

KEPT = FILES / "changes.json"
_SUPPORTING = ("Connection", "Edge", "Filter", "Sort", "SortField", "Payload", "Input")
"""Types that come with a field, which is told itself."""


class Surface(StrEnum):
    GRAPHQL = "GRAPHQL"
    HTTP = "HTTP"


class ChangeKind(StrEnum):
    ADDED = "ADDED"
    DEPRECATED = "DEPRECATED"
    REMOVED = "REMOVED"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one part. `part`: a schema coordinate, or method and path."""

    day: date
    surface: Surface
    kind: ChangeKind
    part: str
    text: str


def of_schemas(old: GraphQLSchema, new: GraphQLSchema, day: date) -> Iterator[Change]:
    """What a client can newly ask for, should no longer ask for, and can no longer ask for."""
    before, after = dict(_parts(old)), dict(_parts(new))
    for part in _outermost(after.keys() - before.keys()):
        if "." not in part and part.endswith(_SUPPORTING):
            continue
        yield Change(day, Surface.GRAPHQL, ChangeKind.ADDED, part, after[part])
    for part in _outermost(before.keys() - after.keys()):
        yield Change(day, Surface.GRAPHQL, ChangeKind.REMOVED, part, before[part])
    known = deprecated_parts(old)
    for part, reason in sorted(deprecated_parts(new).items()):
        if part not in known:
            yield Change(day, Surface.GRAPHQL, ChangeKind.DEPRECATED, part, reason)


def of_documents(old: Mapping[str, Any], new: Mapping[str, Any], day: date) -> Iterator[Change]:
    """The same of two OpenAPI documents."""
    before, after = dict(_operations(old)), dict(_operations(new))
    for part in sorted(after.keys() - before.keys()):
        yield Change(day, Surface.HTTP, ChangeKind.ADDED, part, after[part]["summary"])
    for part in sorted(before.keys() - after.keys()):
        yield Change(day, Surface.HTTP, ChangeKind.REMOVED, part, before[part]["summary"])
    for part in sorted(after.keys() & before.keys()):
        if after[part].get("deprecated") and not before[part].get("deprecated"):
            yield Change(day, Surface.HTTP, ChangeKind.DEPRECATED, part, after[part].get("description", ""))


def _parts(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    for name, found in schema.type_map.items():
        if not name.startswith("__") and not is_specified_scalar_type(found):
            yield name, _first(found.description)
            yield from _inner(name, found)


def _inner(name: str, found: GraphQLNamedType) -> Iterator[tuple[str, str]]:
    if isinstance(found, GraphQLEnumType):
        yield from ((f"{name}.{value}", _first(each.description)) for value, each in found.values.items())
        return
    for field, each in getattr(found, "fields", {}).items():
        yield f"{name}.{field}", _first(each.description)
        if not isinstance(found, GraphQLInputObjectType):
            yield from (
                (f"{name}.{field}({argument}:)", _first(given.description)) for argument, given in each.args.items()
            )


def _outermost(parts: Iterable[str]) -> list[str]:
    """Without the fields of types that are new themselves, and the arguments of such fields."""
    given = set(parts)
    return sorted(part for part in given if not given.intersection(_around(part)))


def _around(part: str) -> Iterator[str]:
    if "(" in part:
        part = part.partition("(")[0]
        yield part
    if "." in part:
        yield part.partition(".")[0]


def _first(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, verbs in document.get("paths", {}).items():
        for verb, said in verbs.items():
            yield f"{verb.upper()} {path}", said


# --- kept ---------------------------------------------------------------------------------------------------------


@cache
def kept() -> tuple[Change, ...]:
    """Every change that was released, the newest first."""
    return read(KEPT)


def read(path: Path) -> tuple[Change, ...]:
    """The changes of a file, the newest first."""
    rows = orjson.loads(path.read_bytes()) if path.exists() else []
    return tuple(
        Change(
            date.fromisoformat(row["day"]), Surface(row["surface"]), ChangeKind(row["kind"]), row["part"], row["text"]
        )
        for row in rows
    )


def keep(changes: Iterable[Change], path: Path = KEPT) -> None:
    """Put the changes of a release before those that are known."""
    rows = [asdict(each) for each in (*changes, *read(path))]
    path.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2) + b"\n")


def since(day: date | None) -> tuple[Change, ...]:
    """Those that were released on that day or later."""
    return tuple(each for each in kept() if day is None or each.day >= day)


_PAGE = MAKES.from_string("""
<p>{{ intro }} <a href="/developers/changes.json">JSON</a></p>
{% for group in changes | groupby("day") | reverse %}
<h2 id="{{ group.grouper }}">{{ group.grouper }}</h2>
<div class="wide"><table><tbody>
{% for each in group.list %}
<tr><td>{{ kinds[each.kind] }}</td><td><code>{{ each.part }}</code></td><td>{{ each.text }}</td></tr>
{% endfor %}
</tbody></table></div>
{% else %}
<p>{{ none }}</p>
{% endfor %}
""")
_WORDS = {
    "nl": {
        "intro": "Niets verdwijnt zonder aankondiging van minstens 180 dagen. apiKeyChanges zegt wat er veranderde "
        "sinds uw sleutel voor het laatst is gebruikt, en wat zij gebruikt van wat verdwijnt.",
        "kinds": {"ADDED": "nieuw", "DEPRECATED": "verdwijnt", "REMOVED": "weg"},
        "none": "Nog niets.",
    },
    "en": {
        "intro": "Nothing goes without a notice of at least 180 days. apiKeyChanges says what changed since your key "
        "was last used, and what it uses of what is going to be removed.",
        "kinds": {"ADDED": "new", "DEPRECATED": "deprecated", "REMOVED": "gone"},
        "none": "Nothing yet.",
    },
}


def as_html(language: str) -> str:
    """The body of /developers/changes."""
    return _PAGE.render(changes=kept(), **_WORDS[language])


def as_json() -> list[dict[str, Any]]:
    """What /developers/changes.json says."""
    return [asdict(each) for each in kept()]

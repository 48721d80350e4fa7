"""What of an actor decides what a statement returns: the settings that its policies and functions read.

Two actors with the same values of these get the same rows, so that they can share one execution. Which settings those
are is read from the database itself: from the text of the statement to the policies of the tables that it names, from
there to the tables and functions that those name, and so on.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tenants.actor import SETTINGS, Actor
from tenants.audience import Audience

_WORD = re.compile(r"[a-z_][a-z0-9_]*")
_SETTING = re.compile(r"chargecars\.[a-z_]+")
_READ = re.compile(r"current_setting\('(chargecars\.[a-z_]+)'")

CATALOG = """
SELECT c.relname AS name, string_agg(pg_get_expr(p.polqual, p.polrelid), ' ') AS text
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
WHERE p.polroles && ARRAY[0::oid, (SELECT oid FROM pg_roles WHERE rolname = $1)] AND p.polqual IS NOT NULL
GROUP BY 1
UNION ALL
SELECT proname, string_agg(prosrc, ' ') FROM pg_proc WHERE pronamespace = 'public'::regnamespace
AND prolang IN (SELECT oid FROM pg_language WHERE lanname IN ('sql', 'plpgsql')) GROUP BY 1
UNION ALL
SELECT relname, pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
"""
"""Tables with the policies of a role, functions and views with their text."""


@dataclass(frozen=True)
class Catalog:
    """What is evaluated when a name is used in a statement of an audience."""

    texts: Mapping[str, str]

    def settings_read(self, sql: str) -> frozenset[str]:
        """The settings that a statement reads, by itself or through what it names."""
        found: set[str] = set(_READ.findall(sql))
        waiting, seen = self._named(sql), set[str]()
        while waiting:
            name = waiting.pop()
            seen.add(name)
            found.update(_SETTING.findall(self.texts[name]))
            waiting |= self._named(self.texts[name]) - seen
        return frozenset(found & set(SETTINGS))

    def _named(self, text: str) -> set[str]:
        return set(_WORD.findall(text.lower())) & self.texts.keys()


async def read_catalog(pool: Any, audience: Audience) -> Catalog:
    """The catalog of an audience, read over one of its own connections."""
    rows = await pool.fetch(CATALOG, audience.database_role)
    texts: dict[str, str] = {}
    for row in rows:
        texts[row["name"]] = f"{texts.get(row['name'], '')} {row['text']}"
    return Catalog(texts)


def row_scope(actor: Actor, settings: Iterable[str], attributes: Iterable[str]) -> tuple[str, ...]:
    """The values of settings and of attributes that are bound: equal where the rows are."""
    values = actor.settings() | {"chargecars.language": actor.language}
    named = {f"chargecars.{attribute}" for attribute in attributes}
    named = {"chargecars.entity_ids" if name == "chargecars.entity_id" else name for name in named}
    return (actor.audience.value, *(values[name] for name in sorted(named | set(settings))))

"""Row-level security, declared beside each table and written to the database by every migration.

A table names one rule per audience: a condition over its columns in which `{entities}`, `{organization}`, `{contact}`,
`{team}` and `{user}` stand for the transaction's settings, and `{organizations}` for the organization and those that
were merged into it, by which older documents name it. An audience without a rule has no privilege on the table.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Table

from tenants.audience import Audience
from tenants.base import Base

MACROS = {
    "entities": "((SELECT NULLIF(current_setting('chargecars.entity_ids', true), '')::uuid[])::uuid[])",
    "organization": "(SELECT NULLIF(current_setting('chargecars.organization_id', true), '')::uuid)",
    "organizations": "(ARRAY(SELECT c.id FROM contact c WHERE c.id = (SELECT "
    "NULLIF(current_setting('chargecars.organization_id', true), '')::uuid) OR c.merged_into_id = (SELECT "
    "NULLIF(current_setting('chargecars.organization_id', true), '')::uuid)))",
    "contact": "(SELECT NULLIF(current_setting('chargecars.contact_id', true), '')::uuid)",
    "team": "(SELECT NULLIF(current_setting('chargecars.team_id', true), '')::uuid)",
    "user": "(SELECT NULLIF(current_setting('chargecars.user_id', true), '')::uuid)",
    "audience": "(SELECT NULLIF(current_setting('chargecars.audience', true), ''))",
}
"""Subqueries, so that PostgreSQL evaluates each once per statement; a missing setting is NULL and matches nothing."""

IN_ANY_CONTEXT = "{audience} IS NOT NULL"
_IS_SYSTEM = "(SELECT current_setting('chargecars.audience', true) = 'system')"
"""Compared inside the subquery: outside, the planner would expect one row in two hundred to pass."""
OF_THE_ENTITY = "entity_id = ANY ({entities})"
OF_THE_CHANNEL = "channel_organization_ids @> ARRAY[{organization}] AND entity_id = ANY ({entities})"


@dataclass(frozen=True)
class Rule:
    """What one audience sees of a table, and what it may do with what it sees."""

    sees: str
    may: str = "SELECT"
    writes: str | None = None
    """Condition on new and changed rows where it is not the same as `sees`."""
    hidden: tuple[str, ...] = ()
    """Columns that are not granted."""
    write_only: tuple[str, ...] = ()
    """Columns that may be written with a new row and never read back."""
    updates: tuple[str, ...] = ()
    """The only columns an UPDATE may touch; empty means all that are not hidden."""

    @property
    def reads(self) -> bool:
        """Whether it gives the audience rows to read; some only write."""
        return "SELECT" in self.may

    @property
    def unread(self) -> tuple[str, ...]:
        """Columns that SELECT is not granted on."""
        return self.hidden + self.write_only

    @property
    def condition(self) -> str:
        return f"({self.sees.format(**MACROS)})"

    @property
    def check(self) -> str:
        return f"({(self.writes or self.sees).format(**MACROS)})"


@dataclass(frozen=True)
class Protected:
    """A table and its rules; the owner (migrations) and the system audience always see all rows."""

    table: Table
    rules: dict[Audience, Rule]
    system_may: str = "SELECT, INSERT, UPDATE, DELETE"
    explain: dict[Audience, str] = field(default_factory=dict)
    """One sentence per audience for `explainAccess`."""


REGISTRY: dict[str, Protected] = {}


def readers(table: str) -> frozenset[Audience]:
    """The audiences that read a table; all of them for one that is not declared here."""
    if (declared := REGISTRY.get(table)) is None:
        return frozenset(Audience)
    return frozenset({Audience.SYSTEM, *(audience for audience, rule in declared.rules.items() if rule.reads)})


def protect(
    model: type[Base],
    *,
    system_may: str = "SELECT, INSERT, UPDATE, DELETE",
    explain: dict[str, str] | None = None,
    **rules: Rule,
) -> None:
    """Declare who sees `model`: keyword per audience (`staff=Rule(...)`). Tables that nobody declares fail a test."""
    _register(model, rules, explain or {}, system_may)


def _register(
    model: type[Base],
    rules: dict[str, Rule],
    explain: dict[str, str],
    system_may: str = "SELECT, INSERT, UPDATE, DELETE",
) -> None:
    table = model.__table__
    assert isinstance(table, Table)
    by_audience = {Audience(name): rule for name, rule in rules.items()}
    sentences = {Audience(name): sentence for name, sentence in explain.items()}
    REGISTRY[table.name] = Protected(table, by_audience, system_may, sentences)


def reference_data(model: type[Base], writers: tuple[Audience, ...] = ()) -> None:
    """Data that belongs to nobody (postcodes): readable wherever a context is set."""
    may = {a: "SELECT, INSERT, UPDATE" if a in writers else "SELECT" for a in Audience if a is not Audience.SYSTEM}
    rules = {audience.value: Rule(IN_ANY_CONTEXT, commands) for audience, commands in may.items()}
    _register(model, rules, dict.fromkeys(rules, "This is public reference data."))


def child_of(parent: str, column: str, may: str = "SELECT") -> Rule:
    """Rows that are as visible as the parent row that `column` points to; cheap for reads by parent, not for lists."""
    condition = f'EXISTS (SELECT 1 FROM "{parent}" parent WHERE parent.id = {column})'  # noqa: S608  # declared names
    return Rule(condition, may)


def statements() -> Iterator[str]:
    """The whole of row-level security as SQL that may be run again and again."""
    for name in sorted(REGISTRY):
        yield from _table_statements(REGISTRY[name])


def fingerprint() -> str:
    """Changes whenever a rule, grant or column list changes."""
    return hashlib.sha256("\n".join(statements()).encode()).hexdigest()


def _table_statements(protected: Protected) -> Iterator[str]:
    name = f'"{protected.table.name}"'
    yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY"
    roles = ", ".join(audience.database_role for audience in Audience)
    yield f"REVOKE ALL ON {name} FROM PUBLIC, {roles}"
    yield from _policy(name, "owner", "CURRENT_USER", "true", "true")
    system = Rule(_IS_SYSTEM, protected.system_may)
    for audience in Audience:
        rule = system if audience is Audience.SYSTEM else protected.rules.get(audience)
        yield f"DROP POLICY IF EXISTS {audience.value} ON {name}"
        if rule:
            yield from _policy(name, audience.value, audience.database_role, rule.condition, rule.check)
            yield from _grants(name, protected.table, audience, rule)


def _policy(table: str, name: str, role: str, using: str, check: str) -> Iterable[str]:
    yield f"DROP POLICY IF EXISTS {name} ON {table}"
    yield f"CREATE POLICY {name} ON {table} TO {role} USING ({using}) WITH CHECK ({check})"


def _grants(name: str, table: Table, audience: Audience, rule: Rule) -> Iterable[str]:
    for command in (part.strip() for part in rule.may.split(",")):
        columns = _columns(table, command, rule)
        whole = command == "DELETE" or len(columns) == len(table.columns)
        limit = "" if whole else " (" + ", ".join(f'"{column}"' for column in columns) + ")"
        yield f"GRANT {command}{limit} ON {name} TO {audience.database_role}"


def _columns(table: Table, command: str, rule: Rule) -> list[str]:
    """The columns that a command is granted on."""
    if command == "UPDATE" and rule.updates:
        return list(rule.updates)
    kept_back = rule.unread if command == "SELECT" else rule.hidden
    return [column.name for column in table.columns if column.name not in kept_back]

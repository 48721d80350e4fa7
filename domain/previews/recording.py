"""Which rows a transaction changes, noted by triggers where the transaction says that it is a preview.

    SELECT set_config('chargecars.preview', 'on', true)

A trigger of each table sees what every statement does, whatever wrote it: the ORM, a bulk statement, another trigger,
a cascade. Elsewhere its condition costs a look at one setting per row. The notes cannot be committed: a constraint
trigger on them refuses at COMMIT, so that a preview that was not rolled back fails instead of leaving a trace.
"""

from collections.abc import Iterator

from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.previews.models import PreviewedChange
from tenants.rls import REGISTRY

DERIVED = frozenset(
    {
        "channel_row",
        "deprecated_use",
        "event_consumer",
        "event_position",
        "position_row",
        "preview_change",
        "search_row",
        "timeline_row",
    }
)
"""Kept by triggers from other rows, or not written by anybody's work; nothing is told of them."""
_NOT_IN_A_PREVIEW = ("write_position", "preview_is_not_kept")
"""Deferred triggers that belong to the commit itself: positions are drawn there, under a lock, from a sequence."""

_NOTE = """
CREATE OR REPLACE FUNCTION note_preview() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
  INSERT INTO preview_change (table_name, row_key, action)
  SELECT TG_ARGV[0], jsonb_object_agg(name, r -> name), TG_OP FROM unnest(TG_ARGV[1:]) AS name;
  RETURN NULL;
END $$"""

_REFUSE = """
CREATE OR REPLACE FUNCTION preview_is_not_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a preview is never committed';
END $$"""

_HOLD = text("SELECT set_config('chargecars.preview', 'on', true)")
_DEFERRED = text(
    "SELECT DISTINCT quote_ident(c.conname) FROM pg_constraint c WHERE c.condeferred "
    "AND c.connamespace = 'public'::regnamespace AND NOT c.conname = ANY (:but)"
).bindparams(but=list(_NOT_IN_A_PREVIEW))


def statements() -> Iterator[str]:
    """Functions and triggers, replaced by every migration."""
    yield _NOTE
    yield _REFUSE
    yield "DROP TRIGGER IF EXISTS preview_is_not_kept ON preview_change"
    yield (
        "CREATE CONSTRAINT TRIGGER preview_is_not_kept AFTER INSERT ON preview_change "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION preview_is_not_kept()"
    )
    yield "REVOKE ALL ON FUNCTION note_preview() FROM PUBLIC"
    for name in sorted(set(REGISTRY) - DERIVED):
        yield _trigger(REGISTRY[name].table)


def _trigger(table: Table) -> str:
    key = ", ".join(f"'{column.name}'" for column in table.primary_key)
    return (
        f'CREATE OR REPLACE TRIGGER note_preview AFTER INSERT OR UPDATE OR DELETE ON "{table.name}" FOR EACH ROW '
        f"WHEN (current_setting('chargecars.preview', true) = 'on') "
        f"EXECUTE FUNCTION note_preview('{table.name}', {key})"
    )


async def begin(session: AsyncSession) -> None:
    """From here to its end the transaction is a preview."""
    await session.execute(_HOLD)


async def settle(session: AsyncSession) -> None:
    """Check now what COMMIT would check; raises what it would raise. As the actor whose work it is."""
    await session.flush()
    names = (await session.scalars(_DEFERRED)).all()
    if names:
        await session.execute(text(f"SET CONSTRAINTS {', '.join(names)} IMMEDIATE"))
        await session.execute(text(f"SET CONSTRAINTS {', '.join(names)} DEFERRED"))


async def noted(session: AsyncSession) -> list[PreviewedChange]:
    """What the transaction has changed until now, in order. A session of the system."""
    await session.flush()
    return list(await session.scalars(select(PreviewedChange).order_by(PreviewedChange.id)))

"""The event log in monthly partitions, positions in the order of commits, and how far each reaction has come."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

_COLUMNS = (
    "id, created_at, entity_id, type, schema_version, subject_type, subject_id, actor_user_id, actor_name, "
    "actor_role, payload, changes, internal, organization_ids, channel_organization_ids, contact_ids, team_ids"
)

MONTHS = """
DO $$
DECLARE
  month date := date_trunc('month', coalesce((SELECT min(created_at) FROM event_before), now()) AT TIME ZONE 'UTC');
  first timestamptz := month::timestamp AT TIME ZONE 'UTC';
  past date := date_trunc('month', now() AT TIME ZONE 'UTC') + interval '7 months';
BEGIN
  EXECUTE format('CREATE TABLE event_earlier PARTITION OF event FOR VALUES FROM (MINVALUE) TO (%L)', first);
  WHILE month < past LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF event FOR VALUES FROM (%L) TO (%L)',
      'event_' || to_char(month, 'YYYY_MM'), month::timestamp AT TIME ZONE 'UTC',
      (month + interval '1 month') AT TIME ZONE 'UTC');
    month := month + interval '1 month';
  END LOOP;
  EXECUTE format('CREATE TABLE event_later PARTITION OF event FOR VALUES FROM (%L) TO (MAXVALUE)',
    past::timestamp AT TIME ZONE 'UTC');
END $$
"""

CLOSED = """
DO $$
DECLARE part regclass;
BEGIN
  FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'event'::regclass LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', part);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', part);
    EXECUTE format('CREATE POLICY owner ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', part);
  END LOOP;
END $$
"""

WRITE_POSITION = """
CREATE FUNCTION write_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'migrations/run.py replaces this function, in the transaction of the revision that made it';
END $$
"""


def upgrade() -> None:
    op.execute("ALTER TABLE event RENAME TO event_before")
    op.execute("ALTER TABLE event_before DROP CONSTRAINT pk_event, DROP CONSTRAINT fk_event_entity_id")
    op.execute(
        "DROP INDEX ix_event_channel, ix_event_contact, ix_event_entity_newest, ix_event_newest, ix_event_subject"
    )
    _create_event()
    _create_positions()
    op.execute(MONTHS)
    op.execute(f"INSERT INTO event ({_COLUMNS}) SELECT {_COLUMNS} FROM event_before")
    _fill_positions()
    op.execute("DROP TABLE event_before")
    _index_event()
    op.execute(CLOSED)
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON event "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change('changes', 'actor_name')"
    )
    op.execute(WRITE_POSITION)
    op.execute(
        "CREATE CONSTRAINT TRIGGER write_position AFTER INSERT ON event DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION write_position()"
    )


def _create_event() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("schema_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=False),
        sa.Column("actor_user_id", sa.UUID(), nullable=True),
        sa.Column("actor_name", sa.Text(), server_default="", nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column(
            "payload", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "changes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("internal", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "channel_organization_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("contact_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("team_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["business_entity.id"], name=op.f("fk_event_entity_id")),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_event")),
        postgresql_partition_by="RANGE (created_at)",
    )


def _index_event() -> None:
    op.create_index("ix_event_channel", "event", ["channel_organization_ids"], unique=False, postgresql_using="gin")
    op.create_index("ix_event_contact", "event", ["contact_ids"], unique=False, postgresql_using="gin")
    op.create_index("ix_event_entity_newest", "event", ["entity_id", "created_at", "id"], unique=False)
    op.create_index("ix_event_newest", "event", ["created_at", "id"], unique=False)
    op.create_index("ix_event_subject", "event", ["subject_id", "created_at", "id"], unique=False)


def _create_positions() -> None:
    op.create_table(
        "event_position",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_event_position")),
        sa.UniqueConstraint("event_id", name=op.f("uq_event_position_event_id")),
    )
    op.create_index("ix_event_position_entity", "event_position", ["entity_id", "position"], unique=False)
    op.create_index("ix_event_position_subject", "event_position", ["subject_id", "position"], unique=False)
    op.create_table(
        "position_row",
        sa.Column("key", sa.UUID(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "position", name=op.f("pk_position_row")),
    )
    op.create_index("ix_position_row_position", "position_row", ["position"], unique=False)
    op.create_table(
        "event_consumer",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_event_consumer")),
    )


def _fill_positions() -> None:
    op.execute(
        "INSERT INTO event_position (position, event_id, created_at, entity_id, type, subject_type, subject_id) "
        "OVERRIDING SYSTEM VALUE SELECT sequence, id, created_at, entity_id, type, subject_type, subject_id "
        "FROM event_before ORDER BY sequence"
    )
    op.execute(
        "SELECT setval(pg_get_serial_sequence('event_position', 'position'), max(position)) "
        "FROM event_position HAVING count(*) > 0"
    )
    op.execute(
        "INSERT INTO position_row (key, position) SELECT DISTINCT listed.key, p.position "
        "FROM event e JOIN event_position p ON p.event_id = e.id "
        "CROSS JOIN LATERAL unnest(e.channel_organization_ids || e.contact_ids || e.team_ids) AS k (key) "
        "LEFT JOIN contact c ON c.id = k.key AND c.merged_into_id IS NOT NULL "
        "CROSS JOIN LATERAL unnest(ARRAY[k.key, c.merged_into_id]) AS listed (key) "
        "WHERE listed.key IS NOT NULL AND NOT e.internal"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE event RENAME TO event_months")
    op.execute("CREATE TABLE event (LIKE event_months INCLUDING DEFAULTS)")
    op.execute("ALTER TABLE event ADD COLUMN sequence bigint GENERATED ALWAYS AS IDENTITY")
    op.execute(
        f"INSERT INTO event ({_COLUMNS}, sequence) OVERRIDING SYSTEM VALUE "
        f"SELECT {', '.join(f'e.{name.strip()}' for name in _COLUMNS.split(','))}, p.position "
        "FROM event_months e JOIN event_position p ON p.event_id = e.id ORDER BY p.position"
    )
    op.execute(
        "SELECT setval(pg_get_serial_sequence('event', 'sequence'), max(sequence)) FROM event HAVING count(*) > 0"
    )
    for table in ("event_months", "event_position", "position_row", "event_consumer"):
        op.execute(f"DROP TABLE {table} CASCADE")
    op.execute("ALTER TABLE event ADD CONSTRAINT pk_event PRIMARY KEY (id)")
    op.execute("ALTER TABLE event ADD CONSTRAINT uq_event_sequence UNIQUE (sequence)")
    op.create_foreign_key("fk_event_entity_id", "event", "business_entity", ["entity_id"], ["id"])
    _index_event()
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON event "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change('changes', 'actor_name')"
    )
    op.execute("DROP FUNCTION write_position, positions_follow_merge CASCADE")

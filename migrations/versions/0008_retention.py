"""How long leads are kept, and which processing agreement a partner signed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

VERSION, SIGNED_ON = "processing_agreement_version", "processing_agreement_signed_on"


def upgrade() -> None:
    op.add_column(
        "business_entity", sa.Column("lead_retention_days", sa.Integer(), server_default="730", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_business_entity_lead_retention_days"),
        "business_entity",
        "lead_retention_days BETWEEN 30 AND 3650",
    )
    op.add_column("agreement", sa.Column(VERSION, sa.Text(), nullable=True))
    op.add_column("agreement", sa.Column(SIGNED_ON, sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_agreement_processing_agreement"), "agreement", f"({VERSION} IS NULL) = ({SIGNED_ON} IS NULL)"
    )


def downgrade() -> None:
    op.drop_column("agreement", SIGNED_ON)
    op.drop_column("agreement", VERSION)
    op.drop_column("business_entity", "lead_retention_days")

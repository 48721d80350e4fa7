"""Orders of partners: intake, integration, exceptions."""

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

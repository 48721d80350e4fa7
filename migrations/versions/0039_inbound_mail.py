"""Mail that comes in and the orders read from it."""

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

"""What keys and applications asked in the last days."""

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

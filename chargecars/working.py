"""The worker with the API's compiler of webhook payloads: the two packages do not know each other, this one both."""

from typing import TYPE_CHECKING

from tenants.secrets import with_secrets
from tenants.settings import Settings

if TYPE_CHECKING:
    from api.webhook_payloads import Payloads
    from tenants.engine import Database


def load_worker() -> None:
    """Load the code, build the schema that selections are compiled with, and add what delivers webhooks."""
    from api.schema import platform_schema
    from workers.background import BACKGROUND
    from workers.webhooks import delivering

    schema = platform_schema("")  # no cursor of a payload is ever read back

    def payloads(database: "Database", settings: Settings) -> "Payloads":
        from api.webhook_payloads import Payloads

        return Payloads(schema, database, with_secrets(settings))

    BACKGROUND["webhooks"] = delivering(payloads)

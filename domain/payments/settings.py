"""What the installation says of payments."""

from tenants.settings import Settings


def local_allowed(settings: Settings) -> bool:
    """Whether the platform's own page may stand in for a provider: in production only where the setting says so."""
    return settings.local_payments or not settings.production

"""Accounts with payment providers: who carries out an entity's payments, with which key. Keys are sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Faults, NotAChoice, TooMany
from domain.events.record import record
from domain.payments.errors import KeyNotAccepted, KeyOfTestMode, NoPaymentProvider, WebhookSecretNotAccepted
from domain.payments.events import PaymentProviderSaved
from domain.payments.models import PaymentProvider, Provider, ProviderMode
from domain.payments.providers.local import Local
from domain.payments.providers.mollie import Mollie
from domain.payments.providers.port import Gateway
from domain.payments.providers.stripe import Stripe
from domain.payments.settings import local_allowed
from domain.rows import find
from tenants.auth.sealing import seal, unseal
from tenants.engine import Database
from tenants.settings import Settings

MOST_SECRETS = 5
LONGEST_KEY = 200
_PURPOSE = "payment provider"
_PREFIXES = {
    Provider.MOLLIE: {"live_": ProviderMode.LIVE, "test_": ProviderMode.TEST},
    Provider.STRIPE: {
        "sk_live_": ProviderMode.LIVE,
        "rk_live_": ProviderMode.LIVE,
        "sk_test_": ProviderMode.TEST,
        "rk_test_": ProviderMode.TEST,
    },
}


@dataclass(frozen=True, slots=True)
class Account:
    """Who carries out a payment; `id` None is the platform's own page."""

    provider: Provider
    id: UUID | None = None
    mode: ProviderMode = ProviderMode.TEST


LOCAL = Account(Provider.LOCAL)


async def save(
    session: AsyncSession,
    settings: Settings,
    *,
    entity_id: UUID,
    provider: Provider,
    api_key: str,
    webhook_secrets: Sequence[str] = (),
) -> PaymentProvider:
    """Make this account the one that carries out new payments; payments of the one before are still looked after.

    As the system, its caller having checked the actor's right. Raises: KeyNotAccepted, KeyOfTestMode,
    WebhookSecretNotAccepted, TooMany.
    """
    if provider not in _PREFIXES:
        raise NotAChoice(choices=", ".join(_PREFIXES), field=("provider",))
    with Faults() as faults:
        with faults.at():
            mode = mode_of(provider, api_key, settings.production)
        with faults.at():
            secrets = _secrets(provider, webhook_secrets)
    await retire(session, entity_id)
    account = PaymentProvider(
        entity_id=entity_id, provider=provider.value, mode=mode.value, api_key=b"", key_hint=api_key[-4:], active=True
    )
    session.add(account)
    await session.flush()
    account.api_key = seal(settings, _PURPOSE, f"{account.id}:key", api_key.encode())
    if secrets:
        account.webhook_secrets = seal(settings, _PURPOSE, f"{account.id}:webhook", orjson.dumps(secrets))
    await _tell(session, account)
    return account


async def set_webhook_secrets(
    session: AsyncSession, settings: Settings, account_id: UUID, secrets: Sequence[str]
) -> PaymentProvider:
    """Replace the signing secrets of an account, newest first; the old one beside it while they are exchanged."""
    account = await find(session, PaymentProvider, account_id, lock=True)
    wanted = _secrets(Provider(account.provider), secrets)
    account.webhook_secrets = seal(settings, _PURPOSE, f"{account.id}:webhook", orjson.dumps(wanted))
    await _tell(session, account)
    return account


async def retire(session: AsyncSession, entity_id: UUID) -> None:
    """No new payments by the account in use."""
    query = select(PaymentProvider).where(PaymentProvider.entity_id == entity_id, PaymentProvider.active)
    row = (await session.execute(query.with_for_update())).scalar_one_or_none()
    if row is not None:
        row.active = False
        await session.flush()
        await _tell(session, row)


async def switch_off(session: AsyncSession, account_id: UUID) -> PaymentProvider:
    """No new payments by this account. Again: nothing happens."""
    account = await find(session, PaymentProvider, account_id, lock=True)
    if account.active:
        account.active = False
        await _tell(session, account)
    return account


def mode_of(provider: Provider, api_key: str, production: bool) -> ProviderMode:
    """Whether a key moves money, by its prefix."""
    prefixes = _PREFIXES[provider]
    mode = next((mode for prefix, mode in prefixes.items() if api_key.startswith(prefix)), None)
    plain = api_key.isascii() and api_key.replace("_", "").isalnum() and 20 <= len(api_key) <= LONGEST_KEY
    if mode is None or not plain:
        raise KeyNotAccepted(provider=provider.value.capitalize(), field=("api_key",))
    if production and mode is ProviderMode.TEST:
        raise KeyOfTestMode(field=("api_key",))
    return mode


def _secrets(provider: Provider, given: Sequence[str]) -> list[str]:
    if len(given) > MOST_SECRETS:
        raise TooMany(maximum=MOST_SECRETS, field=("webhook_secrets",))
    wellformed = all(each.startswith("whsec_") and each.isascii() and 16 <= len(each) <= LONGEST_KEY for each in given)
    if provider is Provider.STRIPE and (not given or not wellformed):
        raise WebhookSecretNotAccepted(field=("webhook_secrets",))
    return list(given) if provider is Provider.STRIPE else []


async def _tell(session: AsyncSession, account: PaymentProvider) -> None:
    happened = PaymentProviderSaved(account.provider, account.mode, account.active)
    await record(session, happened, entity_id=account.entity_id, subject_id=account.id)


# --- using one, in sessions of the system -------------------------------------------------------------------------


async def account_for(session: AsyncSession, settings: Settings, entity_id: UUID) -> Account:
    """Who carries out an entity's new payments: its account, else the platform's own page where that is allowed."""
    query = select(PaymentProvider).where(PaymentProvider.entity_id == entity_id, PaymentProvider.active)
    row = (await session.execute(query)).scalar_one_or_none()
    if row is not None:
        return Account(Provider(row.provider), row.id, ProviderMode(row.mode))
    await require_local(session, settings, entity_id)
    return LOCAL


async def require_local(session: AsyncSession, settings: Settings, entity_id: UUID) -> None:
    """Raises: NoPaymentProvider where the platform's own page may not play the provider of an entity."""
    active = select(PaymentProvider.id).where(PaymentProvider.entity_id == entity_id, PaymentProvider.active)
    if not local_allowed(settings) or (await session.execute(active)).first() is not None:
        raise NoPaymentProvider()


async def gateway(
    session: AsyncSession, database: Database, settings: Settings, account_id: UUID | None, provider: Provider
) -> Gateway:
    """The adapter of an account, or the platform's own page; to be closed by the caller."""
    if provider is Provider.LOCAL or account_id is None:
        return Local(database)
    row = await find(session, PaymentProvider, account_id)
    key = unseal(settings, _PURPOSE, f"{row.id}:key", row.api_key).decode()
    if provider is Provider.MOLLIE:
        return Mollie(settings.mollie_url, key)
    return Stripe(settings.stripe_url, key)


async def webhook_secrets_of(session: AsyncSession, settings: Settings, account_id: UUID) -> list[str]:
    """The signing secrets of a Stripe account; none for an account that is not there."""
    query = select(PaymentProvider).where(
        PaymentProvider.id == account_id, PaymentProvider.provider == Provider.STRIPE.value
    )
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None or row.webhook_secrets is None:
        return []
    opened = unseal(settings, _PURPOSE, f"{row.id}:webhook", row.webhook_secrets)
    return [str(each) for each in orjson.loads(opened)]

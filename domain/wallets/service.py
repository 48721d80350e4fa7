"""Adding to and taking from wallets. The posting of a movement is its caller's; `correct` makes one by hand."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.events.record import record
from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.posting import credit, debit, post
from domain.money import Money
from domain.rows import actor_of, find
from domain.validation import text
from domain.wallets.errors import WalletTooLow
from domain.wallets.events import WalletChanged
from domain.wallets.models import MovementKind, Wallet, WalletMovement

LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a wallet changes; of movements with the same key in a wallet there is one."""

    kind: MovementKind
    key: str
    reason: str = ""
    payment_id: UUID | None = None


async def open_wallet(
    session: AsyncSession, *, entity_id: UUID, contact_id: UUID, currency: str = "EUR", lock: bool = False
) -> Wallet:
    """The contact's wallet with the entity, made where there is none yet. Staff and the system make them."""
    contact = await find(session, Contact, contact_id, field=("contact_id",))
    if contact.merged_into_id is not None:
        contact = await find(session, Contact, contact.merged_into_id, field=("contact_id",))
    made = insert(Wallet).values(
        entity_id=entity_id,
        contact_id=contact.id,
        currency=currency,
        payer_chain_ids=list(contact.chain_organization_ids),
    )
    await session.execute(made.on_conflict_do_nothing())
    return await _found(session, entity_id, contact.id, currency, lock=lock)


async def wallet_of(
    session: AsyncSession, *, entity_id: UUID, contact_id: UUID, currency: str = "EUR"
) -> Wallet | None:
    """The contact's wallet, where it has one that the actor sees."""
    own = Wallet.entity_id == entity_id, Wallet.contact_id == contact_id, Wallet.currency == currency
    return (await session.execute(select(Wallet).where(*own))).scalar_one_or_none()


async def _found(session: AsyncSession, entity_id: UUID, contact_id: UUID, currency: str, *, lock: bool) -> Wallet:
    own = Wallet.entity_id == entity_id, Wallet.contact_id == contact_id, Wallet.currency == currency
    query = select(Wallet).where(*own).execution_options(populate_existing=True)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one()


async def move(session: AsyncSession, wallet: Wallet, amount: Money, cause: Cause) -> WalletMovement:
    """Change the balance by `amount`, negative to take out. Raises: WalletTooLow, also where another was quicker."""
    movement = WalletMovement(
        entity_id=wallet.entity_id,
        wallet_id=wallet.id,
        contact_id=wallet.contact_id,
        payer_chain_ids=list(wallet.payer_chain_ids),
        kind=cause.kind.value,
        amount_cents=amount.cents,
        currency=amount.currency,
        reason=cause.reason,
        payment_id=cause.payment_id,
        key=cause.key,
        made_by=actor_of(session).user_id,
    )
    await _insert(session, wallet, movement, amount)
    await session.refresh(wallet, ["balance_cents"])
    await _tell(session, wallet, movement)
    return movement


async def _insert(session: AsyncSession, wallet: Wallet, movement: WalletMovement, amount: Money) -> None:
    try:
        async with session.begin_nested():
            session.add(movement)
            await session.flush()
    except IntegrityError as error:
        if getattr(error.orig.__cause__, "constraint_name", "") != "ck_wallet_balance":  # type: ignore[union-attr]  # an error of the database has one
            raise
        await session.refresh(wallet, ["balance_cents"])
        balance = Money(wallet.balance_cents, wallet.currency)
        raise WalletTooLow(balance=_said(balance), wanted=_said(-amount), field=("amount_cents",)) from error


def _said(amount: Money) -> dict[str, str]:
    return {"nl": amount.format("nl"), "en": amount.format("en")}


async def _tell(session: AsyncSession, wallet: Wallet, movement: WalletMovement) -> None:
    happened = WalletChanged(movement.kind, movement.amount_cents, wallet.balance_cents, wallet.currency)
    await record(
        session,
        happened,
        entity_id=wallet.entity_id,
        subject_id=wallet.id,
        channel=wallet.payer_chain_ids,
        contact_ids=[wallet.contact_id],
    )


async def correct(session: AsyncSession, wallet_id: UUID, amount: Money, reason: str, key: str) -> WalletMovement:
    """Change a balance by hand, posted against differences. Raises: WalletTooLow, PeriodClosed."""
    wallet = await find(session, Wallet, wallet_id, lock=True, field=("wallet_id",))
    why = text(reason, maximum=LONGEST_REASON)
    movement = await move(session, wallet, amount, Cause(MovementKind.CORRECTION, key, why))
    await post(
        session,
        entity_id=wallet.entity_id,
        kind=EntryKind.WALLET,
        key=f"wallet:{movement.id}",
        source=("Wallet", wallet.id),
        legs=[
            debit(AccountRole.ROUNDING, amount),
            credit(AccountRole.WALLET, amount, contact_id=wallet.contact_id),
        ],
    )
    return movement

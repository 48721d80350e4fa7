"""What happens to wallets. The wallet's owner reads the payloads."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class WalletChanged(Payload):
    """Something was added to the balance, or taken out of it where `amount_cents` is negative."""

    type = "wallet.changed"
    subject_type = "Wallet"
    kind: str
    amount_cents: int
    balance_cents: int
    currency: str

"""What wallets refuse."""

from domain.errors import DomainError


class WalletTooLow(DomainError):
    code = "WALLET_TOO_LOW"
    nl = "Het tegoed is {balance}; dat is minder dan {wanted}."
    en = "The balance is {balance}; that is less than {wanted}."

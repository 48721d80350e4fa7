"""The mails of access, in Dutch and English: subject and text."""

from dataclasses import dataclass

from domain.errors import language_of


@dataclass(frozen=True)
class Letter:
    """A mail before it is addressed."""

    subject: str
    body: str


def login_code(language: str, brand: str, code: str, minutes: int) -> Letter:
    """The code with which a customer logs in."""
    if language_of(language) == "en":
        return Letter(
            f"Your code for {brand}",
            f"Your code to log in at {brand} is {code}.\n\nIt works once, for {minutes} minutes. "
            "We never ask for this code by telephone. Did you not ask for it? Then you need not do anything.",
        )
    return Letter(
        f"Uw code voor {brand}",
        f"Uw code om in te loggen bij {brand} is {code}.\n\nDe code werkt één keer, {minutes} minuten lang. "
        "Wij vragen nooit telefonisch naar deze code. Heeft u hem niet aangevraagd? Dan hoeft u niets te doen.",
    )


def password_reset(language: str, brand: str, link: str, minutes: int) -> Letter:
    """The link with which a forgotten password is replaced."""
    if language_of(language) == "en":
        return Letter(
            f"A new password for {brand}",
            f"Choose a new password here:\n\n{link}\n\nThe link works once, for {minutes} minutes. "
            "Did you not ask for it? Then your password stays as it is.",
        )
    return Letter(
        f"Een nieuw wachtwoord voor {brand}",
        f"Kies hier een nieuw wachtwoord:\n\n{link}\n\nDe link werkt één keer, {minutes} minuten lang. "
        "Heeft u hem niet aangevraagd? Dan blijft uw wachtwoord zoals het is.",
    )


def invitation(language: str, brand: str, inviter: str, link: str, days: int) -> Letter:
    """The link with which an invitation is accepted."""
    if language_of(language) == "en":
        return Letter(
            f"Invitation to {brand}",
            f"{inviter} invites you to work with {brand}. Accept here:\n\n{link}\n\n"
            f"The link works once, for {days} days.",
        )
    return Letter(
        f"Uitnodiging voor {brand}",
        f"{inviter} nodigt u uit om met {brand} te werken. Neem de uitnodiging hier aan:\n\n{link}\n\n"
        f"De link werkt één keer, {days} dagen lang.",
    )

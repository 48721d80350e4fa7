"""Choosing a password."""

from domain.errors import FieldPath, Required
from domain.users.errors import PasswordTooEasy, PasswordTooLong, PasswordTooShort
from tenants.auth.passwords import MAXIMUM, MINIMUM, hash_password, weakness
from tenants.models import UserAccount


async def new_password_hash(password: str | None, user: UserAccount, field: FieldPath = ("password",)) -> str:
    """The hash of a password that is good enough for the user."""
    if not password:
        raise Required(field=field)
    match weakness(password, user.email, user.name):
        case "TOO_SHORT":
            raise PasswordTooShort(minimum=MINIMUM, field=field)
        case "TOO_LONG":
            raise PasswordTooLong(maximum=MAXIMUM, field=field)
        case "TOO_EASY":
            raise PasswordTooEasy(field=field)
    return await hash_password(password)

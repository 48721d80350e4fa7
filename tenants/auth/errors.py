"""Why a credential is not accepted, in a stable code."""


class AuthError(Exception):
    """An expected refusal. `message` is English, for developers, and never says whether an account exists."""

    status = 400

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Unauthenticated(AuthError):
    """The credential that came with a request does not identify an actor.

    Codes: TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED, KEY_INVALID, KEY_EXPIRED, CREDENTIALS_INVALID, CODE_INVALID,
    NO_ACCESS, and for a login that lacks its second factor TOTP_REQUIRED and TOTP_INVALID.
    """

    status = 401


class BadRequest(AuthError):
    """A request to an authentication endpoint is malformed. Codes: BAD_REQUEST, and per field FIELD_<NAME>."""


class TooManyAttempts(AuthError):
    """Code TOO_MANY_ATTEMPTS; try again in `retry_after` seconds."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__("TOO_MANY_ATTEMPTS", f"Too many attempts. Try again in {retry_after} seconds.")
        self.retry_after = retry_after

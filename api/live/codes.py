"""Close codes of WebSockets and error codes of operations, as docs/live.md explains them."""

from graphql import GraphQLError

BAD_REQUEST = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
"""The credential does not hold, or holds no longer: get a new one, connect again, resume."""
UNACCEPTABLE = 4406
INIT_TIMEOUT = 4408
SUBSCRIBER_EXISTS = 4409
TOO_SLOW = 4413
"""More waits for the client than may: connect again, resume."""
TOO_MANY_CONNECTIONS = 4420
TOO_MANY_INITS = 4429
INTERNAL = 4500
GOING_AWAY = 1012


class Ended(Exception):
    """Why the server ends a connection: the close code of a WebSocket, and the reason, which streams get too."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def cursor_expired() -> GraphQLError:
    """What came after the cursor is not kept any more."""
    message = "What came after this cursor is no longer kept: read anew, and subscribe without it."
    return GraphQLError(message, extensions={"code": "CURSOR_EXPIRED", "argument": "after"})


def too_many(most: int) -> GraphQLError:
    """One more operation than a connection may run at once."""
    message = f"At most {most} operations at once on one connection."
    return GraphQLError(message, extensions={"code": "TOO_MANY_SUBSCRIPTIONS", "limit": most})


def not_shared(field: str) -> GraphQLError:
    """A field that SQL alone cannot answer."""
    return GraphQLError(
        f"{field} cannot be selected in a subscription.", extensions={"code": "UNSUPPORTED_SELECTION", "field": field}
    )


def interrupted(error_id: str) -> GraphQLError:
    """A subscription whose updates could not be read: resume it."""
    message = "The updates could not be read; subscribe again from your last cursor."
    return GraphQLError(message, extensions={"code": "INTERNAL", "errorId": error_id})

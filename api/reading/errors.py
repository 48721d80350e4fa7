"""Errors of reading that a client may see: each has a stable code; everything else is masked."""

from typing import Any

from graphql import GraphQLError


class DeclarationError(TypeError):
    """A type, field, filter or root is declared in a way that cannot be read; raised while the schema is built."""


class BadInput(GraphQLError):
    """Well-typed input that cannot be used: `extensions.code` says why, `extensions.argument` where.

    `figures` are further extensions: what was found, and the limit.
    """

    def __init__(self, code: str, argument: str, message: str, **figures: int) -> None:
        extensions = {"code": code, "argument": argument, **figures}
        super().__init__(f"Argument '{argument}': {message}", extensions=extensions)


def unauthenticated() -> GraphQLError:
    """Nobody is logged in where somebody has to be."""
    return GraphQLError("Log in first.", extensions={"code": "UNAUTHENTICATED"})


def forbidden(permission: str) -> GraphQLError:
    """The actor's role or key lacks a permission; says nothing about rows."""
    return GraphQLError(f"This needs the permission {permission}.", extensions={"code": "FORBIDDEN"})


def too_large(limit: int) -> GraphQLError:
    """A document that selects more fields, fragments expanded, than are read in one statement."""
    return GraphQLError(f"The document selects more than {limit} fields.", extensions={"code": "TOO_LARGE"})


def masked(error_id: str, code: str = "INTERNAL", **extensions: Any) -> GraphQLError:
    """What a client sees of a failure that is ours; the id is in the log beside the cause."""
    message = "Reading took too long." if code == "TIMEOUT" else "Something went wrong on our side."
    return GraphQLError(message, extensions={"code": code, "errorId": error_id, **extensions})

"""The embedded stack: PostgreSQL 18 and Valkey from wheels, on Unix sockets, tied to the process that needs them."""

from chargecars.stack.errors import StackError
from chargecars.stack.stack import Stack

__all__ = ["Stack", "StackError"]

"""Argon2 takes its time on purpose; in tests it takes less, in the same form."""

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from tenants.auth import passwords

REAL = passwords._HASH
"""What the platform uses; tests/tenants/auth/test_secrets.py holds it to its parameters."""


def make_cheap() -> None:
    """For this process."""
    passwords._HASH = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))

"""The server's keys for sealing signatures."""

import re
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from domain.proofs.seal import Keyring, SigningKey, VerifyKey
from tenants.secrets import with_secrets
from tenants.settings import Settings

_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)


class NoSigningKey(RuntimeError):
    """The settings name no usable key: a fault of operation, not of a caller."""


def keyring(settings: Settings) -> Keyring:
    """The keys of `signing_key`: a private key in PEM, then the public keys that were used before, if any.

    Outside production an empty setting means the key that the installation made for itself.
    """
    return _read(with_secrets(settings).signing_key.get_secret_value().replace("\\n", "\n").strip())


def key_of_the_moment() -> Keyring:
    """A key that seals nothing that is kept: what a preview shows must not pass for a record of ours."""
    return Keyring(SigningKey(Ed25519PrivateKey.generate()))


@lru_cache(maxsize=8)
def _read(pem: str) -> Keyring:
    blocks = [(match[1], match[0].encode()) for match in _BLOCK.finditer(pem)]
    private = [block for kind, block in blocks if kind.endswith("PRIVATE KEY")]
    if len(private) != 1:
        raise NoSigningKey("signing_key has to hold exactly one private key in PEM")
    retired = tuple(_public(block) for kind, block in blocks if kind == "PUBLIC KEY")
    return Keyring(SigningKey.loaded(private[0]), retired)


def _public(block: bytes) -> VerifyKey:
    key = load_pem_public_key(block)
    if not isinstance(key, Ed25519PublicKey):
        raise NoSigningKey("signing_key: a retired key is not an Ed25519 key")
    return VerifyKey(key.public_bytes(Encoding.Raw, PublicFormat.Raw))

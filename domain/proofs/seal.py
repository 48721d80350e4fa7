"""Sealed records: each signed by the server's Ed25519 key and bound to the one before it in its chain.

What is signed is the canonical JSON of {"chain", "key", "payload", "previous", "sequence", "type"}; the hash that the
next record carries also covers the signature. A record cannot be changed, moved, left out or put into another chain
without breaking the chain from there on; a cut tail shows against a head that was kept elsewhere.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.proofs.canonical import Json, canonical

RECORD_TYPE = "chargecars/sealed-record/1"
_DERIVATION = b"chargecars/seal/ed25519/1"
_SEED_BYTES = 32
_RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class VerifyKey:
    """A public key, of this server now or before."""

    raw: bytes

    @property
    def key_id(self) -> str:
        """The JWK thumbprint (RFC 7638, RFC 8037 appendix A.3)."""
        return _base64url(
            hashlib.sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": _base64url(self.raw)})).digest()
        )

    def jwk(self) -> dict[str, str]:
        """The key as a JSON Web Key (RFC 8037)."""
        x = _base64url(self.raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.key_id, "alg": "EdDSA", "use": "sig"}

    def verifies(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, repr=False)
class SigningKey:
    """A private key; its repr shows only the key id."""

    private: Ed25519PrivateKey

    @classmethod
    def derived(cls, secret: bytes) -> Self:
        """The key that belongs to a secret of at least 16 bytes (HKDF-SHA256): same secret, same key."""
        if len(secret) < 16:
            raise ValueError("the secret of a signing key has at least 16 bytes")
        seed = HKDF(hashes.SHA256(), _SEED_BYTES, salt=None, info=_DERIVATION).derive(secret)
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def loaded(cls, data: bytes) -> Self:
        """The key in a file: PKCS #8 PEM, or the 32 bytes of the seed."""
        if len(data) == _SEED_BYTES:
            return cls(Ed25519PrivateKey.from_private_bytes(data))
        key = serialization.load_pem_private_key(data, password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the signing key is not an Ed25519 key")
        return cls(key)

    @property
    def public(self) -> VerifyKey:
        return VerifyKey(self.private.public_key().public_bytes(*_RAW))

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey({self.public.key_id})"


@dataclass(frozen=True)
class Keyring:
    """The key that signs now and those that signed before; a rotation moves the old one to `retired`."""

    current: SigningKey
    retired: tuple[VerifyKey, ...] = ()
    known: Mapping[str, VerifyKey] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", {key.key_id: key for key in (self.current.public, *self.retired)})

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """All public keys, to be published."""
        return {"keys": [key.jwk() for key in self.known.values()]}


@dataclass(frozen=True)
class SealedRecord:
    """One record of a chain. `sequence` counts from 1; `previous` is the hash of the one before, None for the first."""

    chain: str
    sequence: int
    previous: bytes | None
    payload: Mapping[str, Json]
    key_id: str
    signature: bytes

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        return _message(self.chain, self.sequence, self.previous, self.payload, self.key_id)

    @property
    def hash(self) -> bytes:
        return hashlib.sha256(canonical({"record": self.message.hex(), "signature": self.signature.hex()})).digest()


def _message(chain: str, sequence: int, previous: bytes | None, payload: Mapping[str, Json], key_id: str) -> bytes:
    return canonical(
        {
            "chain": chain,
            "key": key_id,
            "payload": payload,
            "previous": previous.hex() if previous else None,
            "sequence": sequence,
            "type": RECORD_TYPE,
        }
    )


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """What the next record needs to know of the last one, where the last one itself is not at hand."""

    chain: str
    sequence: int
    hash: bytes


def seal(
    keys: Keyring, chain: str, payload: Mapping[str, Json], last: SealedRecord | ChainEnd | None = None
) -> SealedRecord:
    """The next record of a chain. The caller holds the chain's lock, or keeps (chain, sequence) unique."""
    if last and last.chain != chain:
        raise ValueError(f"{last.chain} cannot be continued as {chain}")
    sequence, previous = (last.sequence + 1, last.hash) if last else (1, None)
    key_id = keys.current.public.key_id
    signature = keys.current.sign(_message(chain, sequence, previous, payload, key_id))
    return SealedRecord(chain, sequence, previous, payload, key_id, signature)


class Fault(StrEnum):
    """Why a chain does not hold."""

    OTHER_CHAIN = "other_chain"
    SEQUENCE = "sequence"
    PREVIOUS = "previous"
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    HEAD = "head"


def fault_of(record: SealedRecord, keys: Keyring) -> Fault | None:
    """What is wrong with one record by itself; None if nothing is."""
    key = keys.known.get(record.key_id)
    if key is None:
        return Fault.UNKNOWN_KEY
    return None if key.verifies(record.signature, record.message) else Fault.SIGNATURE


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain does not hold, counted from 1; one past the end where the head differs."""

    position: int
    fault: Fault


def check_chain(chain: str, records: Iterable[SealedRecord], keys: Keyring, head: bytes | None = None) -> Break | None:
    """The first break of a chain given in order, None if it holds and ends in `head` (where one is given)."""
    last: SealedRecord | None = None
    position = 0
    for position, record in enumerate(records, start=1):
        fault = _fault_in_place(chain, position, last, record) or fault_of(record, keys)
        if fault:
            return Break(position, fault)
        last = record
    if head is not None and (last is None or last.hash != head):
        return Break(position + 1, Fault.HEAD)
    return None


def _fault_in_place(chain: str, position: int, last: SealedRecord | None, record: SealedRecord) -> Fault | None:
    if record.chain != chain:
        return Fault.OTHER_CHAIN
    if record.sequence != position:
        return Fault.SEQUENCE
    return None if record.previous == (last.hash if last else None) else Fault.PREVIOUS

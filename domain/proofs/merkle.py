"""Merkle trees over the lines of a document: sign one root, show one line.

The tree is that of RFC 9162 (2.1): leaves and nodes are hashed under different prefixes, and a list is split at the
largest power of two below its length, so no node is ever doubled and no two lists share a root. A leaf is the
canonical JSON of the line together with a random salt: whoever sees the hash of a neighbour's line learns nothing
about it, not even by guessing. The order of lines is part of what is signed.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.proofs.canonical import Json, canonical

HASH_BYTES = 32
SALT_BYTES = 32
MAX_LEAVES = 2**20
_LEAF = b"\x00"
_NODE = b"\x01"


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def leaf_hash(line: Mapping[str, Json], salt: bytes) -> bytes:
    """SHA-256(0x00 || canonical({"line": line, "salt": hex}))."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(_LEAF + canonical({"line": line, "salt": salt.hex()})).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, in their order; at least one."""
    _check_leaves(leaves)
    return _root(leaves)


def _root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return _node_hash(_root(leaves[:split]), _root(leaves[split:]))


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def _check_leaves(leaves: Sequence[bytes]) -> None:
    if not 0 < len(leaves) <= MAX_LEAVES:
        raise ValueError(f"a tree has 1 to {MAX_LEAVES} leaves, not {len(leaves)}")
    if any(len(leaf) != HASH_BYTES for leaf in leaves):
        raise ValueError(f"a leaf hash has {HASH_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That a leaf stands at `index` (from 0) in a tree of `size` leaves: sibling hashes from the leaf up."""

    index: int
    size: int
    path: tuple[bytes, ...]

    def to_json(self) -> dict[str, Json]:
        return {"index": self.index, "size": self.size, "path": [sibling.hex() for sibling in self.path]}


def prove(leaves: Sequence[bytes], index: int) -> InclusionProof:
    """The proof for the leaf at index; IndexError outside the tree."""
    _check_leaves(leaves)
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} in a tree of {len(leaves)}")
    return InclusionProof(index, len(leaves), tuple(_path(leaves, index)))


def _path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*_path(leaves[:split], index), _root(leaves[split:])]
    return [*_path(leaves[split:], index - split), _root(leaves[:split])]


def verify(expected_root: bytes, leaf: bytes, proof: InclusionProof) -> bool:
    """Whether the leaf stands where the proof says in the tree of this root. Never raises on a malformed proof."""
    if not 0 <= proof.index < proof.size <= MAX_LEAVES:
        return False
    if any(len(part) != HASH_BYTES for part in (expected_root, leaf, *proof.path)):
        return False
    climbed = _climb(leaf, proof)
    return climbed is not None and hmac.compare_digest(climbed, expected_root)


def _climb(leaf: bytes, proof: InclusionProof) -> bytes | None:
    """The root that the proof leads to (RFC 9162, 2.1.3.2); None where its length does not fit index and size."""
    node, at, last = leaf, proof.index, proof.size - 1
    for sibling in proof.path:
        if last == 0:
            return None
        if at & 1 or at == last:
            node = _node_hash(sibling, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = _node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    return node if last == 0 else None

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proofs import merkle
from domain.proofs.canonical import canonical
from domain.proofs.merkle import InclusionProof

lines = st.lists(
    st.fixed_dictionaries({"sku": st.sampled_from("abc"), "cents": st.integers(0, 3)}), min_size=1, max_size=40
)
documents = lines.flatmap(
    lambda given: st.tuples(
        st.just(given),
        st.lists(st.binary(min_size=32, max_size=32), min_size=len(given), max_size=len(given), unique=True),
        st.integers(0, len(given) - 1),
    )
)
Document = tuple[list[dict[str, Any]], list[bytes], int]


def hashed(document: Document) -> list[bytes]:
    return [merkle.leaf_hash(line, salt) for line, salt in zip(document[0], document[1], strict=True)]


@given(documents)
def test_every_line_verifies(document: Document) -> None:
    leaves = hashed(document)
    top = merkle.root(leaves)
    assert all(merkle.verify(top, leaf, merkle.prove(leaves, i)) for i, leaf in enumerate(leaves))


@given(documents, st.integers(1, 5))
def test_a_changed_line_never_verifies(document: Document, more: int) -> None:
    given_lines, salts, index = document
    leaves = hashed(document)
    changed = given_lines[index] | {"cents": given_lines[index]["cents"] + more}
    leaf = merkle.leaf_hash(changed, salts[index])
    assert not merkle.verify(merkle.root(leaves), leaf, merkle.prove(leaves, index))
    assert merkle.root([*leaves[:index], leaf, *leaves[index + 1 :]]) != merkle.root(leaves)


@given(documents, st.binary(min_size=32, max_size=32))
def test_another_salt_never_verifies(document: Document, salt: bytes) -> None:
    given_lines, salts, index = document
    leaves = hashed(document)
    leaf = merkle.leaf_hash(given_lines[index], salt)
    assert merkle.verify(merkle.root(leaves), leaf, merkle.prove(leaves, index)) == (salt == salts[index])


@given(documents, st.data())
def test_a_line_stands_at_its_own_place_only(document: Document, data: st.DataObject) -> None:
    leaves = hashed(document)
    top, index = merkle.root(leaves), document[2]
    proof = merkle.prove(leaves, index)
    for other in range(len(leaves)):
        assert merkle.verify(top, leaves[other], proof) == (other == index)
        if other != index:
            assert not merkle.verify(top, leaves[index], replace(proof, index=other))
            assert not merkle.verify(top, leaves[index], merkle.prove(leaves, other))


@given(documents)
def test_swapped_lines_have_another_root(document: Document) -> None:
    leaves = hashed(document)
    if len(leaves) > 1:
        assert merkle.root([leaves[1], leaves[0], *leaves[2:]]) != merkle.root(leaves)


@given(documents, documents)
def test_a_proof_of_another_tree_never_verifies(document: Document, other: Document) -> None:
    leaves, others = hashed(document), hashed(other)
    same = leaves == others
    assert (merkle.root(leaves) == merkle.root(others)) == same
    i = min(document[2], len(others) - 1)
    assert merkle.verify(merkle.root(leaves), others[i], merkle.prove(others, i)) == same


@given(documents)
def test_repeating_the_last_lines_changes_the_root(document: Document) -> None:
    # The weakness of trees that double an odd node (CVE-2012-2459): [a, b, c] and [a, b, c, c] shared a root.
    leaves = hashed(document)
    roots = {merkle.root([*leaves, *leaves[-tail:]]) for tail in range(1, len(leaves) + 1)}
    assert merkle.root(leaves) not in roots
    assert len(roots) == len(leaves)


@given(documents)
def test_a_node_cannot_pass_for_a_line(document: Document) -> None:
    leaves = hashed(document)
    if len(leaves) == 2:
        top = merkle.root(leaves)
        assert not merkle.verify(top, top, InclusionProof(0, 2, ()))
    inner = hashlib.sha256(b"\x00" + b"".join(leaves[:2])).digest()
    assert merkle.root([inner]) != merkle.root(leaves)


@given(documents, st.integers(-2, 60), st.integers(-2, 60), st.lists(st.binary(max_size=40), max_size=8))
def test_forged_proofs_are_refused_and_never_raise(
    document: Document, index: int, size: int, path: list[bytes]
) -> None:
    leaves = hashed(document)
    top, at = merkle.root(leaves), document[2]
    forged = InclusionProof(index, size, tuple(path))
    assert merkle.verify(top, leaves[at], forged) == (len(leaves) == 1 and forged == merkle.prove(leaves, at))
    honest = merkle.prove(leaves, at)
    for bad in (honest.path[:-1], (*honest.path, top), tuple(reversed(honest.path))):
        if bad != honest.path:
            assert not merkle.verify(top, leaves[at], replace(honest, path=bad))


def test_roots_and_paths_of_the_standard() -> None:
    # RFC 9162, 2.1.5: the tree over seven leaves, its nodes named as there.
    a, b, c, d, e, f, j = (hashlib.sha256(bytes([i])).digest() for i in range(7))

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    g, h, i = node(a, b), node(c, d), node(e, f)
    k, ell = node(g, h), node(i, j)
    leaves = [a, b, c, d, e, f, j]
    assert merkle.root(leaves) == node(k, ell)
    assert merkle.prove(leaves, 0).path == (b, h, ell)
    assert merkle.prove(leaves, 3).path == (c, g, ell)
    assert merkle.prove(leaves, 4).path == (f, j, k)
    assert merkle.prove(leaves, 6).path == (i, k)


def test_a_leaf_is_the_canonical_line_with_its_salt() -> None:
    salt = bytes(range(32))
    text = b'{"line":{"cents":1},"salt":"' + salt.hex().encode() + b'"}'
    assert canonical({"salt": salt.hex(), "line": {"cents": 1}}) == text
    assert merkle.leaf_hash({"cents": 1}, salt) == hashlib.sha256(b"\x00" + text).digest()
    assert len({merkle.new_salt() for _ in range(50)}) == 50


def test_proofs_are_written_as_json() -> None:
    leaf = bytes(32)
    assert merkle.prove([leaf, leaf], 1).to_json() == {"index": 1, "size": 2, "path": ["00" * 32]}


@pytest.mark.parametrize("leaves", [[], [b"short"], [bytes(32), bytes(33)]])
def test_trees_without_proper_leaves_are_refused(leaves: list[bytes]) -> None:
    with pytest.raises(ValueError, match="lea"):
        merkle.root(leaves)


def test_a_place_outside_the_tree_has_no_proof() -> None:
    for index in (-1, 1):
        with pytest.raises(IndexError):
            merkle.prove([bytes(32)], index)
    with pytest.raises(ValueError, match="salt"):
        merkle.leaf_hash({}, b"short")

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from domain.proofs.seal import Break, Fault, Keyring, SealedRecord, SigningKey, VerifyKey, check_chain, seal

KEYS = Keyring(SigningKey.derived(b"a secret of the tests"))
OTHER = Keyring(SigningKey.derived(b"another secret of the tests"))
payloads = st.lists(st.dictionaries(st.sampled_from(["name", "at"]), st.integers(0, 9)), min_size=1, max_size=8)


def chained(given_payloads: list[dict[str, Any]], chain: str = "quote", keys: Keyring = KEYS) -> list[SealedRecord]:
    records: list[SealedRecord] = []
    for payload in given_payloads:
        records.append(seal(keys, chain, payload, records[-1] if records else None))
    return records


chains = payloads.flatmap(lambda given: st.tuples(st.just(chained(given)), st.integers(0, len(given) - 1)))
Chain = tuple[list[SealedRecord], int]


@given(chains)
def test_an_untouched_chain_holds(chain: Chain) -> None:
    records, _ = chain
    assert check_chain("quote", records, KEYS, records[-1].hash) is None
    assert [record.sequence for record in records] == list(range(1, len(records) + 1))


@given(chains)
def test_a_changed_payload_breaks_the_chain_there(chain: Chain) -> None:
    records, at = chain
    changed = replace(records[at], payload={**records[at].payload, "added": 1})
    assert check_chain("quote", [*records[:at], changed, *records[at + 1 :]], KEYS) == Break(at + 1, Fault.SIGNATURE)


@given(chains)
def test_a_record_signed_anew_breaks_the_chain_after_it(chain: Chain) -> None:
    # Even who holds the key cannot replace a record in the middle without all later ones.
    records, at = chain
    forged = seal(KEYS, "quote", {"forged": True}, records[at - 1] if at else None)
    replaced = [*records[:at], forged, *records[at + 1 :]]
    found = check_chain("quote", replaced, KEYS, records[-1].hash)
    last = at == len(records) - 1
    assert found == (Break(at + 2, Fault.HEAD) if last else Break(at + 2, Fault.PREVIOUS))


@given(chains)
def test_a_missing_record_is_noticed(chain: Chain) -> None:
    records, at = chain
    left = records[:at] + records[at + 1 :]
    found = check_chain("quote", left, KEYS, records[-1].hash)
    cut_tail = at == len(records) - 1
    assert found == Break(at + 1, Fault.HEAD if cut_tail else Fault.SEQUENCE)
    assert not cut_tail or check_chain("quote", left, KEYS) is None


@given(chains)
def test_swapped_and_repeated_records_are_noticed(chain: Chain) -> None:
    records, at = chain
    assert check_chain("quote", [*records[: at + 1], *records[at:]], KEYS) == Break(at + 2, Fault.SEQUENCE)
    if at:
        swapped = [*records[: at - 1], records[at], records[at - 1], *records[at + 1 :]]
        assert check_chain("quote", swapped, KEYS) == Break(at, Fault.SEQUENCE)


@given(chains, st.sampled_from(["sequence", "previous", "chain", "key_id", "signature"]))
def test_no_field_can_be_changed(chain: Chain, name: str) -> None:
    records, at = chain
    other: dict[str, Any] = {
        "sequence": records[at].sequence + 1,
        "previous": hashlib.sha256(b"x").digest(),
        "chain": "invoice",
        "key_id": OTHER.current.public.key_id,
        "signature": records[at].signature[:-1] + bytes([records[at].signature[-1] ^ 1]),
    }
    changed = replace(records[at], **{name: other[name]})
    found = check_chain("quote", [*records[:at], changed, *records[at + 1 :]], KEYS)
    assert found is not None
    assert found.position == at + 1
    assert changed.hash != records[at].hash


def test_a_record_of_another_chain_does_not_fit() -> None:
    invoice = chained([{"name": 1}, {"name": 1}], "invoice")
    quote = chained([{"name": 1}])
    assert check_chain("quote", invoice, KEYS) == Break(1, Fault.OTHER_CHAIN)
    renamed = replace(invoice[0], chain="quote")
    assert check_chain("quote", [renamed], KEYS) == Break(1, Fault.SIGNATURE)
    with pytest.raises(ValueError, match="cannot be continued"):
        seal(KEYS, "quote", {}, invoice[-1])
    assert quote[0].hash != invoice[0].hash


def test_a_record_under_a_key_we_do_not_know_is_refused() -> None:
    foreign = chained([{"name": 1}], keys=OTHER)
    assert check_chain("quote", foreign, KEYS) == Break(1, Fault.UNKNOWN_KEY)
    disguised = replace(foreign[0], key_id=KEYS.current.public.key_id)
    assert check_chain("quote", [disguised], KEYS) == Break(1, Fault.SIGNATURE)


def test_a_chain_goes_on_under_a_new_key() -> None:
    old = chained([{"name": 1}])
    rotated = Keyring(OTHER.current, retired=(KEYS.current.public,))
    both = [*old, seal(rotated, "quote", {"name": 2}, old[-1])]
    assert check_chain("quote", both, rotated) is None
    assert check_chain("quote", both, KEYS) == Break(2, Fault.UNKNOWN_KEY)
    assert [key["kid"] for key in rotated.jwks()["keys"]] == [both[1].key_id, both[0].key_id]


def test_an_empty_chain_holds_unless_a_head_is_known() -> None:
    assert check_chain("quote", [], KEYS) is None
    assert check_chain("quote", [], KEYS, bytes(32)) == Break(1, Fault.HEAD)


def test_the_key_of_the_standard() -> None:
    # RFC 8037, appendix A.1 to A.3.
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey.loaded(seed)
    assert key.public.jwk() == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "alg": "EdDSA",
        "use": "sig",
    }


def test_keys_come_from_secrets_and_files() -> None:
    assert SigningKey.derived(b"0123456789abcdef").public == SigningKey.derived(b"0123456789abcdef").public
    assert SigningKey.derived(b"0123456789abcdeF").public != SigningKey.derived(b"0123456789abcdef").public
    pem = KEYS.current.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert SigningKey.loaded(pem).public == KEYS.current.public


def test_secrets_and_files_that_will_not_do() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        SigningKey.derived(b"short")
    with pytest.raises(ValueError, match="PEM"):
        SigningKey.loaded(b"not a key")
    pem = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="Ed25519"):
        SigningKey.loaded(pem)


def test_a_private_key_is_not_written_by_its_repr() -> None:
    seed = bytes(range(32))
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(seed))
    assert repr(key) == f"SigningKey({key.public.key_id})"
    assert seed.hex() not in repr(Keyring(key))


def test_a_malformed_public_key_or_signature_verifies_nothing() -> None:
    message = b"m"
    signature = KEYS.current.sign(message)
    assert KEYS.current.public.verifies(signature, message)
    assert not KEYS.current.public.verifies(b"", message)
    assert not VerifyKey(b"short").verifies(signature, message)

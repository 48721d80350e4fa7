"""The arithmetic of commission: what shares add up to, what a cap leaves, what losses take."""

from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.agreements.commission_terms import Caps, Kickback, KickbackPer, Reward, Terms
from domain.commissions.computing import Billed, commission_base, due, shares, standing
from domain.commissions.models import CommissionKind
from domain.money import CurrencyMismatch, Money, round_half_up

CHAIN = tuple(UUID(int=number) for number in range(1, 7))
rates = st.decimals(min_value=0, max_value=16, places=3)
levels = st.lists(rates, max_size=6).map(tuple)
bases = st.integers(min_value=0, max_value=10**9)
chains = st.integers(min_value=0, max_value=6).map(lambda size: CHAIN[:size])


def exact(base: int, rate: Decimal) -> int:
    return round_half_up(Decimal(base) * rate / 100)


@given(levels, chains, bases)
def test_levels_earn_their_rate_and_missing_ones_nothing(
    levels: tuple[Decimal, ...], chain: tuple[UUID, ...], base: int
) -> None:
    found = shares(Terms(levels=levels), chain, Money(base))
    expected = [exact(base, rate) for rate, _ in zip(levels, chain, strict=False)]
    assert [share.amount.cents for share in found if share.level <= len(levels)] == (expected if base else [])
    assert all(share.amount.cents == 0 for share in found if share.level > len(levels))
    assert [share.beneficiary_id for share in found] == (list(chain) if base and levels else [])


@given(levels, chains, bases, st.integers(min_value=1, max_value=10**8), rates)
def test_a_cap_is_what_the_shares_add_up_to_and_never_more(
    levels: tuple[Decimal, ...], chain: tuple[UUID, ...], base: int, cap: int, kickback: Decimal
) -> None:
    terms = Terms(levels=levels, kickback=Kickback(KickbackPer.ORDER, Reward(percent=kickback)), caps=Caps(cap))
    found = shares(terms, chain, Money(base))
    uncut = sum(share.uncut.cents for share in found)
    assert sum(share.amount.cents for share in found) == min(cap, uncut)
    assert all(0 <= share.amount.cents <= share.uncut.cents for share in found)
    if uncut > cap:
        assert all(abs(share.amount.cents - Fraction(share.uncut.cents * cap, uncut)) < 1 for share in found)


@given(bases.filter(bool), st.lists(st.integers(min_value=1, max_value=10**6), max_size=8), st.randoms())
@settings(max_examples=60)
def test_losses_in_any_order_and_in_any_pieces_leave_the_same(base: int, lost: list[int], dice: object) -> None:
    """Each loss computed from the whole so far; in the end what is left depends on the end alone."""
    agreed = Money(exact(base, Decimal(5)))

    def left(pieces: list[int]) -> list[int]:
        taken = 0
        found = []
        for piece in pieces:
            taken = min(base, taken + piece)
            found.append(due(agreed, base - taken, base).cents)
        return found

    other = list(lost)
    dice.shuffle(other)  # type: ignore[attr-defined]  # hypothesis gives a Random
    one, another = left(lost), left(other)
    assert one[-1:] == another[-1:]
    assert one == sorted(one, reverse=True)
    assert left([*lost, base])[-1] == 0


def test_the_base_is_the_net_amount_of_what_counts() -> None:
    nets = {"CHARGING_STATION": 899_95, "INSTALLATION_SERVICE": 333_33, "CABLE_ACCESSORY": -20_00}
    assert commission_base(Terms(), nets, "EUR") == Money(1213_28)
    only = Terms(categories=frozenset({"INSTALLATION_SERVICE"}))
    assert commission_base(only, nets, "EUR") == Money(333_33)
    assert commission_base(Terms(categories=frozenset({"CABLE_ACCESSORY"})), nets, "EUR") == Money(0)


def test_who_brings_an_order_has_the_kickback() -> None:
    terms = Terms(levels=(Decimal(5),), kickback=Kickback(KickbackPer.ORDER, Reward(amount_cents=25_00)))
    found = shares(terms, CHAIN[:2], Money(100_00))
    assert [(share.kind, share.beneficiary_id, share.amount.cents) for share in found] == [
        (CommissionKind.LEVEL, CHAIN[0], 5_00),
        (CommissionKind.LEVEL, CHAIN[1], 0),
        (CommissionKind.KICKBACK, CHAIN[1], 25_00),
    ]
    per_lead = Terms(levels=(), kickback=Kickback(KickbackPer.LEAD, Reward(amount_cents=25_00)))
    assert shares(per_lead, CHAIN[:2], Money(100_00)) == []


def test_another_currency_than_the_terms_is_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        shares(Terms(), CHAIN[:1], Money(1, "USD"))


WHOLE = Billed(net=100, credited=0, gross=121, written_off=0, open=0)


@pytest.mark.parametrize(
    ("cancelled", "billed", "remaining", "paid"),
    [
        (False, [], 100, False),
        (False, [WHOLE], 100, True),
        (False, [Billed(100, 0, 121, 0, 1)], 100, False),
        (False, [Billed(30, 0, 36, 0, 0)], 100, False),  # a deposit alone
        (False, [Billed(30, 0, 36, 0, 0), Billed(70, 0, 85, 0, 0)], 100, True),
        (False, [Billed(30, 30, 0, 0, 0), Billed(70, 0, 85, 0, 0)], 70, True),
        (False, [Billed(30, 30, 0, 0, 0), WHOLE], 100, True),  # billed again
        (False, [Billed(100, 40, 73, 0, 0)], 60, True),
        (False, [Billed(100, 100, 0, 0, 0)], 0, True),
        (False, [Billed(100, 0, 121, 121, 0)], 0, True),
        (False, [Billed(100, 0, 120, 60, 0)], 50, True),
        (True, [], 0, False),
        (True, [Billed(30, 0, 36, 0, 0)], 30, True),
        (True, [Billed(30, 30, 0, 0, 0)], 0, True),
    ],
)
def test_where_an_order_stands(cancelled: bool, billed: list[Billed], remaining: int, paid: bool) -> None:
    now = standing(100, cancelled, billed)
    assert (now.remaining, now.paid) == (remaining, paid)

"""What pricing finds is all there is, and what it leaves unseen is not worth more than it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargecars.bench.planning.instances import instance
from domain.planning.solver.edges import edges, neighbours
from domain.planning.solver.pricing import Pricer
from domain.planning.solver.problem import Prices, Problem
from domain.planning.solver.proof import shared_pricers
from domain.planning.world import World
from tests.domain.planning.solver.test_tables import orders, problem
from tests.planning.worlds import worlds


def drawn(given_problem: Problem, seed: int) -> Prices:
    random, tables = np.random.default_rng(seed), given_problem.tables
    jobs = random.uniform(-300, 300, (tables.size + 1, len(tables.world.days)))
    jobs[-1] = 0
    return Prices(jobs, random.uniform(0, 200, len(given_problem.days)))


def own_pricers(given_problem: Problem) -> list[Pricer]:
    near = neighbours(given_problem.tables, np.arange(given_problem.tables.size))
    return [Pricer(yard, edges(yard, near)) for yard in given_problem.yards]


@settings(max_examples=30, deadline=None)
@given(worlds(most_jobs=5, most_days=2), st.integers(0, 99), st.sampled_from((1, 3, 1000)), st.booleans())
def test_no_route_is_worth_more_than_what_is_found_or_claimed(world: World, seed: int, most: int, shared: bool) -> None:
    given_problem = problem(world)
    prices, rows = drawn(given_problem, seed), orders(given_problem.tables.size)
    for pricer in shared_pricers(given_problem) if shared else own_pricers(given_problem):
        priced = pricer.price(prices, most=most)
        every = pricer.yard.columns(rows).reduced(prices).max(0, initial=-1e9)
        found = priced.columns.reduced(prices).max(0, initial=-1e9)
        assert (every <= np.maximum(found, priced.unseen) + 1e-3).all()
        if most == 1000:
            assert (priced.unseen <= 0.05).all()
            assert np.allclose(found[every > 0.1], every[every > 0.1])


@pytest.mark.parametrize("above", [0.0, 40.0])
def test_legs_in_common_find_the_same_routes(above: float) -> None:
    given_problem = problem(instance(1, seed=3))
    tables = given_problem.tables
    jobs = np.repeat(0.3 * tables.value[:, None].astype(float), len(tables.world.days), axis=1)
    prices = Prices(jobs, np.full(len(given_problem.days), 150.0))
    for own, common in zip(own_pricers(given_problem)[:3], shared_pricers(given_problem)[:3], strict=True):
        one, other = (each.price(prices, most=10**6, above=above).columns for each in (own, common))
        best = [np.sort(each.reduced(prices)[each.reduced(prices) > above + 0.1]) for each in (one, other)]
        assert len(best[0]) > 0
        assert np.allclose(*best)

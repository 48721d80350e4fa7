"""`kill -9` of relay, worker, API, Valkey and PostgreSQL while everything is written, told and delivered."""

from chargecars.bench.chaos import VICTIMS, run
from chargecars.bench.chaos.judging import Verdict


def test_nothing_is_lost_doubled_or_out_of_order() -> None:
    """Each of them once; `./dev bench chaos --minutes N` goes on for longer, with servers killed while others fall."""
    outcome = run(0, seed=4, tell=lambda _: None)
    verdict = outcome.verdict
    assert verdict.faults == []
    assert (verdict.lost, verdict.duplicated, verdict.out_of_order) == (0, 0, 0)
    assert sorted(kill.victim for kill in outcome.kills) == sorted(VICTIMS)
    assert min(verdict.events, verdict.webhooks, verdict.jobs, verdict.changes) > 20
    assert verdict.connections > 5, "every subscriber was cut off at least once"


def test_the_judge_sees_what_is_wrong() -> None:
    verdict = Verdict()
    verdict.compare("right", ["a", "b", "c"], ["a", "b", "c"])
    assert verdict.good
    verdict.compare("wrong", ["a", "b", "c", "d"], ["a", "c", "b", "b"])
    assert (verdict.lost, verdict.duplicated, verdict.out_of_order, verdict.good) == (1, 1, 1, False)
    strange = Verdict()
    strange.compare("strange", ["a"], ["a", "x"])
    assert not strange.good

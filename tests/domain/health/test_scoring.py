"""The score: points that add up, from nothing but the figures; and the alerts that follow from it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.health.judging import judge
from domain.health.models import Code, Severity
from domain.health.scoring import FACTORS, MOST, PREDICTED, Cause, Figures, points, score

W, C = Severity.WARNING, Severity.CRITICAL
FIGURES = st.builds(
    Figures,
    temperature_dc=st.none() | st.integers(-300, 1500),
    faults=st.integers(0, 100),
    restarts=st.integers(0, 100),
    outages=st.integers(0, 100),
    sessions=st.integers(0, 50),
    failed_sessions=st.integers(0, 50),
    power_percent=st.none() | st.integers(0, 1000),
)


def test_a_charger_of_which_nothing_is_wrong_scores_nothing() -> None:
    assert score(Figures(temperature_dc=450, sessions=40, power_percent=98)) == score(Figures())
    assert score(Figures()).value == 0


def test_each_cause_names_its_figure_threshold_and_weight() -> None:
    found = score(Figures(temperature_dc=725, faults=30, sessions=20, failed_sessions=7, power_percent=70))
    said = {r.cause: (r.figure, r.threshold, r.full, r.weight, r.points) for r in found.reasons}
    assert said == {
        Cause.FAULTS: (30, 3, 30, 50, 50),
        Cause.HEAT: (72, 60, 85, 50, 24),
        Cause.LOST_POWER: (30, 10, 50, 45, 23),  # 22.5
        Cause.FAILED_SESSIONS: (35, 10, 60, 40, 20),
    }
    assert [r.points for r in found.reasons] == [50, 24, 23, 20]
    assert found.value == MOST


@pytest.mark.parametrize("factor", FACTORS, ids=lambda f: f.cause)
def test_no_single_cause_predicts_a_failure(factor: object) -> None:
    worst = {
        Cause.HEAT: Figures(temperature_dc=2000),
        Cause.FAULTS: Figures(faults=1000),
        Cause.LOST_POWER: Figures(power_percent=0),
        Cause.FAILED_SESSIONS: Figures(sessions=9, failed_sessions=9),
        Cause.RESTARTS: Figures(restarts=1000),
        Cause.OUTAGES: Figures(outages=1000),
    }
    found = score(worst[factor.cause])  # type: ignore[attr-defined]  # a parameter of pytest
    assert 0 < found.value < PREDICTED
    assert len(found.reasons) == 1


def test_few_sessions_say_nothing() -> None:
    assert score(Figures(sessions=4, failed_sessions=4)).value == 0


@settings(max_examples=200)
@given(figures=FIGURES)
def test_points_add_up_and_stay_within_their_weight(figures: Figures) -> None:
    found = score(figures)
    assert found == score(replace(figures))
    assert found.value == min(MOST, sum(r.points for r in found.reasons))
    assert all(0 < r.points <= r.weight and r.figure > r.threshold for r in found.reasons)


@settings(max_examples=100)
@given(figures=FIGURES, more=st.integers(1, 50))
def test_more_trouble_never_makes_the_score_better(figures: Figures, more: int) -> None:
    before = score(figures).value
    assert score(replace(figures, faults=figures.faults + more)).value >= before
    assert score(replace(figures, restarts=figures.restarts + more)).value >= before


def test_points_are_rounded_half_up() -> None:
    (lost,) = [factor for factor in FACTORS if factor.cause is Cause.LOST_POWER]
    assert [points(lost, figure) for figure in (10, 11, 30, 50, 99)] == [0, 1, 23, 45, 45]  # 1.125 and 22.5


def test_alerts_follow_the_figures_and_do_not_flap_between_two_thresholds() -> None:
    def codes(figures: Figures, open_: dict[Code, Severity]) -> tuple[list[tuple[Code, Severity]], list[Code]]:
        verdict = judge(figures, score(figures), open_)
        return [(each.code, each.severity) for each in verdict.raised], list(verdict.over)

    bad, between, good = Figures(faults=10), Figures(faults=7), Figures(faults=4)
    assert codes(bad, {}) == ([(Code.ERROR_RATE, W)], [])
    assert codes(bad, {Code.ERROR_RATE: W}) == ([], [])
    assert codes(between, {}) == ([], [])
    assert codes(between, {Code.ERROR_RATE: W}) == ([], [])
    assert codes(good, {Code.ERROR_RATE: W}) == ([], [Code.ERROR_RATE])
    weak = Figures(power_percent=80)
    assert codes(weak, {}) == ([(Code.DEGRADED_POWER, W)], [])
    assert codes(Figures(power_percent=None), {Code.DEGRADED_POWER: W}) == ([], [])
    assert codes(Figures(power_percent=90), {Code.DEGRADED_POWER: W}) == ([], [Code.DEGRADED_POWER])


def test_a_failure_is_predicted_made_worse_and_taken_back() -> None:
    likely = Figures(faults=30, temperature_dc=660)  # 50 + 12
    soon = Figures(faults=30, temperature_dc=850)
    assert [(f.code, f.severity) for f in judge(likely, score(likely), {Code.ERROR_RATE: W}).raised] == [
        (Code.FAILURE_PREDICTED, W)
    ]
    open_ = {Code.ERROR_RATE: W, Code.FAILURE_PREDICTED: W}
    (worse,) = judge(soon, score(soon), open_).raised
    assert (worse.code, worse.severity) == (Code.FAILURE_PREDICTED, C)
    assert worse.text == "Score 100: FAULTS 30 in 7 days, HEAT 85 °C"
    assert judge(Figures(), score(Figures()), open_).over == (Code.ERROR_RATE, Code.FAILURE_PREDICTED)

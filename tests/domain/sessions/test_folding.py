"""What reports say together does not depend on the order in which they came, nor on how often."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.sessions.folding import Said, fold
from domain.sessions.models import ReportKind
from domain.sessions.reports import ChargingState

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
S, U, E = ReportKind.STARTED, ReportKind.UPDATED, ReportKind.ENDED
CHARGING, SUSPENDED = ChargingState.CHARGING, ChargingState.SUSPENDED


def said(kind: ReportKind, minutes: float, **values: object) -> Said:
    return Said(kind, START + timedelta(minutes=minutes), 0, **values)  # type: ignore[arg-type]


def test_a_session_from_start_to_end() -> None:
    facts = fold(
        [
            said(S, 0, meter_wh=5, id_token="CARD", offline=True),
            said(U, 10, charging_state=SUSPENDED),
            said(U, 25, charging_state=CHARGING),
            said(E, 60, meter_wh=900, reason="EVDisconnected"),
        ]
    )
    assert (facts.started, facts.offline, facts.id_token, facts.reason) == (True, True, "CARD", "EVDisconnected")
    assert (facts.meter_start_wh, facts.meter_end_wh) == (5, 900)
    assert facts.pauses == ((START + timedelta(minutes=10), START + timedelta(minutes=25)),)


def test_a_pause_that_goes_on_ends_with_the_session() -> None:
    facts = fold([said(S, 0), said(U, 10, charging_state=SUSPENDED), said(E, 30)])
    assert facts.pauses == ((START + timedelta(minutes=10), START + timedelta(minutes=30)),)
    still = fold([said(S, 0), said(U, 10, charging_state=SUSPENDED)])
    assert (still.suspended_since, still.pauses) == (START + timedelta(minutes=10), ())
    assert len(still.pauses_until(START + timedelta(minutes=20))) == 1


def test_an_end_before_the_beginning_is_one_at_its_receipt() -> None:
    received = START + timedelta(hours=1)
    facts = fold([said(S, 0), said(E, -90, received_at=received)])
    assert (facts.ended_at, facts.corrected) == (received, True)
    assert fold([said(S, 0), said(E, -90, received_at=received, offline=True)]).ended_at == START


def test_without_a_start_the_first_that_was_heard_counts() -> None:
    facts = fold([said(E, 30, meter_wh=5), said(U, 10)])
    assert (facts.started, facts.started_at, facts.meter_start_wh) == (False, START + timedelta(minutes=10), None)


reports = st.lists(
    st.builds(
        said,
        st.sampled_from([S, U, U, U, E]),
        st.integers(0, 600),
        meter_wh=st.none() | st.integers(0, 10_000),
        charging_state=st.none() | st.sampled_from(ChargingState),
        key=st.uuids().map(str),
    ),
    min_size=1,
    max_size=12,
)


@given(reports, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(given_reports: list[Said], chance: Random) -> None:
    again = given_reports + [chance.choice(given_reports) for _ in range(chance.randint(0, 5))]
    chance.shuffle(again)
    assert fold(again) == fold(given_reports)
    facts = fold(given_reports)
    assert all(begin < end for begin, end in facts.pauses)
    assert all(a[1] <= b[0] for a, b in zip(facts.pauses, facts.pauses[1:], strict=False))

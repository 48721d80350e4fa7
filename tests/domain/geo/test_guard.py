import pytest

from domain.geo.guard import CircuitBreaker, TokenBucket


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(failures=3, seconds=30, clock=clock)


def open_up(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()


def test_a_burst_then_the_steady_rate(clock: Clock) -> None:
    bucket = TokenBucket(per_second=2, burst=3, clock=clock)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    clock.now += 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    clock.now += 3600
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_failures_in_a_row_open_the_circuit(clock: Clock, breaker: CircuitBreaker) -> None:
    open_up(breaker)
    assert not breaker.allows()
    clock.now += 29.9
    assert not breaker.allows()
    clock.now += 0.1
    assert breaker.allows()


def test_a_success_in_between_counts_anew(breaker: CircuitBreaker) -> None:
    for _ in range(2):
        breaker.failed()
    breaker.succeeded()
    for _ in range(2):
        breaker.failed()
    assert breaker.allows()


def test_one_trial_at_a_time(clock: Clock, breaker: CircuitBreaker) -> None:
    open_up(breaker)
    clock.now += 30
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    breaker.failed()
    assert not breaker.allows()
    clock.now += 30
    assert breaker.allows()
    breaker.succeeded()
    assert [breaker.allows() for _ in range(3)] == [True, True, True]


def test_a_trial_that_is_never_reported_does_not_block_for_ever(clock: Clock, breaker: CircuitBreaker) -> None:
    open_up(breaker)
    clock.now += 30
    assert breaker.allows()
    clock.now += 30
    assert breaker.allows()


def test_a_pause_that_is_asked_for_is_kept(clock: Clock, breaker: CircuitBreaker) -> None:
    breaker.failed(pause=7)
    assert not breaker.allows()
    clock.now += 7
    assert breaker.allows()
    breaker.failed()
    breaker.failed(pause=100)
    clock.now += 99
    assert not breaker.allows()
    clock.now += 1
    assert breaker.allows()

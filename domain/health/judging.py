"""Which alerts follow from a charger's figures, and which are over: pure."""

from collections.abc import Callable
from dataclasses import dataclass

from domain.health.models import Code, Severity
from domain.health.scoring import EXPECTED_SOON, PREDICTED, SOUND, Figures, Score
from domain.health.thresholds import (
    FEW_FAULTS,
    MANY_FAULTS,
    OFTEN_FAILED,
    RANK,
    SELDOM_FAILED,
    STRONG_PERCENT,
    WEAK_PERCENT,
)

BY_FIGURES = (Code.ERROR_RATE, Code.DEGRADED_POWER, Code.FAILURE_PREDICTED)


@dataclass(frozen=True, slots=True)
class Finding:
    code: Code
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be opened or made worse, and what is over."""

    raised: tuple[Finding, ...]
    over: tuple[Code, ...]


def judge(figures: Figures, score: Score, open_: dict[Code, Severity]) -> Verdict:
    """`open_`: the alerts of these codes that are open. What is between two thresholds stays as it is."""
    raised, over = [], []
    for code in BY_FIGURES:
        finding = _FINDERS[code](figures, score)
        if finding and (code not in open_ or RANK[finding.severity] > RANK[open_[code]]):
            raised.append(finding)
        elif finding is None and code in open_ and _WELL[code](figures, score):
            over.append(code)
    return Verdict(tuple(raised), tuple(over))


def _errors(figures: Figures, _score: Score) -> Finding | None:
    failed = figures.failed_percent
    if figures.faults < MANY_FAULTS and (failed is None or failed < OFTEN_FAILED):
        return None
    said = f"{figures.faults} faults, {figures.failed_sessions} of {figures.sessions} sessions failed in 7 days"
    return Finding(Code.ERROR_RATE, Severity.WARNING, said)


def _few_errors(figures: Figures, _score: Score) -> bool:
    return figures.faults < FEW_FAULTS and (figures.failed_percent or 0) < SELDOM_FAILED


def _weak(figures: Figures, _score: Score) -> Finding | None:
    if figures.power_percent is None or figures.power_percent > WEAK_PERCENT:
        return None
    return Finding(Code.DEGRADED_POWER, Severity.WARNING, f"{figures.power_percent} % of what it delivered before")


def _strong(figures: Figures, _score: Score) -> bool:
    return figures.power_percent is not None and figures.power_percent >= STRONG_PERCENT


def _failing(_figures: Figures, score: Score) -> Finding | None:
    if score.value < PREDICTED:
        return None
    severity = Severity.CRITICAL if score.value >= EXPECTED_SOON else Severity.WARNING
    causes = ", ".join(f"{reason.cause} {reason.figure} {reason.unit}" for reason in score.reasons)
    return Finding(Code.FAILURE_PREDICTED, severity, f"Score {score.value}: {causes}")


def _sound(_figures: Figures, score: Score) -> bool:
    return score.value < SOUND


_FINDERS: dict[Code, Callable[[Figures, Score], Finding | None]] = {
    Code.ERROR_RATE: _errors,
    Code.DEGRADED_POWER: _weak,
    Code.FAILURE_PREDICTED: _failing,
}
_WELL: dict[Code, Callable[[Figures, Score], bool]] = {
    Code.ERROR_RATE: _few_errors,
    Code.DEGRADED_POWER: _strong,
    Code.FAILURE_PREDICTED: _sound,
}

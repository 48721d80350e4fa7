"""The labelled mails: what is accepted without anybody looking is right, and the confidence says how sure it is."""

import pytest

from chargecars.bench.mail_corpus import CORPUS, Measured, corpus, measured, taught, wrong_accepted
from domain.mail_reading import fields as f
from domain.mail_reading.template import Template

_RIGHT = 0.99


@pytest.fixture(scope="module")
def templates() -> dict[str, Template]:
    return taught(corpus("tune"))


@pytest.fixture(scope="module")
def unseen(templates: dict[str, Template]) -> Measured:
    return measured(corpus("held", "final"), templates)


def test_the_corpus_is_large_enough_and_every_label_is_a_field() -> None:
    mails = corpus()
    assert len(mails) >= 75
    assert len(corpus("final")) >= 15
    assert {path.stem for path in CORPUS.glob("*.json")} - {"known"} == {mail.name for mail in mails}
    assert all(f.is_path(path) for mail in mails for order in mail.orders for path in order)


def test_of_what_is_accepted_99_percent_is_right(unseen: Measured) -> None:
    assert len(unseen.accepted) > 400
    assert unseen.accepted_right >= _RIGHT, wrong_accepted(unseen)


def test_most_is_read_and_little_is_asked(unseen: Measured) -> None:
    assert unseen.recall >= 0.9
    assert unseen.precision >= 0.97
    assert unseen.asked <= 0.15 * len(unseen.judged)


def test_the_confidence_is_calibrated(unseen: Measured) -> None:
    assert unseen.brier < 0.03
    for low, _, count, mean, right in unseen.reliability():
        if count >= 20 and low >= f.THRESHOLD:
            assert right >= mean - 0.05, (low, count, mean, right)


def test_corrections_make_more_of_it_right(templates: dict[str, Template], unseen: Measured) -> None:
    untaught = measured(corpus("held", "final"), {})
    assert untaught.recall < unseen.recall

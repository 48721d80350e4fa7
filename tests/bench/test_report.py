"""The last line says what was measured, what was asked, and whether that holds."""

import orjson
import pytest

from chargecars.bench import names, run
from chargecars.bench.report import Report
from chargecars.stack import StackError


def test_a_figure_holds_up_to_its_bar() -> None:
    report = Report("journey")
    report.add("below", 2.99991, "ratio", 3.0)
    report.add("at", 3.0, "ratio", 3.0)
    report.add("beyond", 3.001, "ratio", 3.0)
    report.add("told", 812.4, "requests/s")
    report.add("not_here", None, "ms", 500.0, why="no second machine")
    assert report.failed == ["beyond"]
    line = orjson.loads(report.line())
    assert line["bench"] == "journey"
    assert line["figures"]["below"] == {"value": 3.0, "unit": "ratio", "bar": 3.0, "holds": True}
    assert line["figures"]["beyond"]["holds"] is False
    assert line["figures"]["told"] == {"value": 812.4, "unit": "requests/s", "bar": None, "holds": None}
    assert line["figures"]["not_here"] == {
        "value": None,
        "unit": "ms",
        "bar": 500.0,
        "holds": None,
        "why": "no second machine",
    }
    assert "\n" not in report.line()


def test_the_benchmarks_are_known_by_name() -> None:
    assert "journey" in names()
    assert "client" not in names()
    with pytest.raises(StackError, match=r"choose .*journey"):
        run("nothing", 1, False)

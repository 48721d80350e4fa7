"""The schema keeps what it released: `schema.graphql` here is the last release, `documents` are what clients send.

`python -m chargecars schema --release` makes the present schema the released one.
"""

from datetime import date, timedelta
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse

from api.versions.compatibility import Release
from api.versions.declared import reason
from chargecars.releasing import keep
from tests.asking import SCHEMA

HERE = Path(__file__).parent
SINCE, REMOVAL = date(2026, 1, 10), date(2026, 9, 1)
AFTER = REMOVAL + timedelta(days=1)
DEPRECATED = f'@deprecated(reason: "{reason(since=SINCE, use="`new`", removal=REMOVAL)}")'
SDL = f"""
    type Query {{
      orders(first: Int = 50, old: Int {DEPRECATED}): [Order!]!
      order(id: ID!): Order
      found: Found
      extra: Extra {DEPRECATED}
      thing: Thing
    }}
    type Order {{ number: String! nr: String {DEPRECATED} size: Size! extra(size: Size): Extra {DEPRECATED} }}
    type Extra {{ parts: [Part!]! }}
    type Part {{ whole: Extra }}
    union Found = Order | Other
    type Other {{ id: ID }}
    interface Thing {{ id: ID }}
    type One implements Thing {{ id: ID }}
    type Two implements Thing {{ id: ID }}
    enum Size {{ SMALL LARGE OLD {DEPRECATED} }}
    input Wanted {{ size: Size }}
    type Mutation {{ want(input: Wanted!): Boolean }}
"""
OPERATIONS = {
    "a.graphql Orders": "query Orders { orders(first: 3) { number } }",
    "a.graphql Nr": 'query Nr { order(id: "1") { nr } }',
    "b.graphql Large": "mutation Large { want(input: {size: LARGE}) }",
    "b.graphql Extra": "query Extra { extra { parts { whole { parts { __typename } } } } }",
}


def changed(*replacements: tuple[str, str]) -> GraphQLSchema:
    text = SDL
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return build_schema(text)


def breaks(*replacements: tuple[str, str], today: date = SINCE) -> list[str]:
    release = Release(build_schema(SDL), {name: parse(text) for name, text in OPERATIONS.items()})
    return [str(found) for found in release.breaks(changed(*replacements), today)]


def test_the_platform_keeps_what_it_released() -> None:
    found = Release.read(HERE).breaks(SCHEMA._schema, date.today())  # noqa: DTZ011  # a notice ends with the day
    assert [str(each) for each in found] == []


def test_the_documents_are_those_of_every_area() -> None:
    release = Release.read(HERE)
    assert len(release.operations) >= 60
    assert {name.partition(".")[0] for name in release.operations} >= {"orders", "quotes", "leads", "contacts"}


def test_additions_break_nothing() -> None:
    assert (
        breaks(
            ("number: String!", "number: String! more(a: Int): Int"),
            ("SMALL LARGE", "SMALL MEDIUM LARGE"),
            ("input Wanted { size: Size }", "input Wanted { size: Size more: Int }"),
            ("order(id: ID!)", "order(id: ID!, more: Int)"),
            ("union Found = Order | Other", "union Found = Order | Other | Extra"),
        )
        == []
    )


def test_a_removed_field_is_found_with_its_documents() -> None:
    found = breaks(("type Order { number: String!", "type Order {"))
    assert found[0] == "Field Order.number was removed. It was not deprecated. It breaks a.graphql Orders."
    assert "a.graphql Orders is no longer valid: Cannot query field 'number' on type 'Order'." in found[1]


def test_a_new_required_argument_is_found_with_its_documents() -> None:
    found = breaks(("order(id: ID!)", "order(id: ID!, why: String!)"))
    assert found[0].startswith("A required argument Query.order(why:) was added. Add something new beside it")
    assert found[0].endswith("It breaks a.graphql Nr.")


def test_a_removed_enum_value_is_found_with_its_documents() -> None:
    found = breaks(("SMALL LARGE", "SMALL"))
    assert "Enum value Size.LARGE was removed. It was not deprecated. It breaks b.graphql Large." in found


@pytest.mark.parametrize(
    "change",
    [
        ("number: String!", "number: String"),
        ("order(id: ID!): Order", "order(id: ID!): Other"),
        ("input Wanted { size: Size }", "input Wanted { size: Size! }"),
        ("union Found = Order | Other", "union Found = Order"),
        ("type Two implements Thing", "type Two"),
        ("first: Int = 50", "first: Int = 20"),
        ("type Two implements Thing { id: ID }", ""),
        ("first: Int = 50, ", ""),
    ],
)
def test_other_changes_that_clients_meet(change: tuple[str, str]) -> None:
    assert breaks(change, today=AFTER)


REMOVALS = [
    ((f"nr: String {DEPRECATED}", ""),),
    ((f", old: Int {DEPRECATED}", ""),),
    ((f"OLD {DEPRECATED}", ""),),
    (
        (f"extra: Extra {DEPRECATED}", ""),
        (f"extra(size: Size): Extra {DEPRECATED}", ""),
        ("type Extra { parts: [Part!]! }", ""),
        ("type Part { whole: Extra }", ""),
    ),
]


@pytest.mark.parametrize("removal", REMOVALS)
def test_what_was_deprecated_goes_after_its_notice(removal: tuple[tuple[str, str], ...]) -> None:
    assert breaks(*removal, today=AFTER) == []
    early = breaks(*removal, today=REMOVAL)
    assert any("Its notice lasts until 2026-09-01." in each for each in early)


def test_a_type_stays_as_long_as_something_leads_to_it() -> None:
    left = (f"extra: Extra {DEPRECATED}", ""), (f"extra(size: Size): Extra {DEPRECATED}", "extra(size: Size): Other")
    gone = ("type Extra { parts: [Part!]! }", ""), ("type Part { whole: Extra }", "")
    assert breaks(*left, *gone, today=AFTER)


def test_a_release_is_kept_unless_it_breaks_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "schema.graphql").write_text(SDL)
    (tmp_path / "documents" / "a.graphql").write_text(OPERATIONS["a.graphql Orders"])
    more = SDL.replace("number: String!", "number: String! more: Int")
    assert keep(more, tmp_path) == []
    assert (tmp_path / "schema.graphql").read_text() == more
    [first, second] = keep(more.replace("number: String!", ""), tmp_path)
    assert first.startswith("Field Order.number was removed.")
    assert "a.graphql Orders is no longer valid" in second
    assert (tmp_path / "schema.graphql").read_text() == more


def test_a_document_that_never_held_is_refused(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "schema.graphql").write_text(SDL)
    (tmp_path / "documents" / "a.graphql").write_text("query A { nothing }")
    with pytest.raises(ValueError, match=r"a\.graphql A is not valid in the released schema"):
        Release.read(tmp_path)

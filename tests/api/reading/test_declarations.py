"""What may not be declared is refused while the schema is built, and what is declared is described."""

from collections.abc import Iterator
from typing import Any

import pytest
import strawberry
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from api.reading import (
    CursorKey,
    DeclarationError,
    Node,
    Schema,
    Sort,
    TextFilter,
    column,
    filters,
    match,
    permission_of,
    read_list,
    read_one,
    reads,
    related,
)
from domain.contacts.models import Contact, ContactMerge
from tenants.audience import Audience
from tenants.permissions import Permission
from tests.api.reading.shop_models import Line, Order, Person
from tests.api.reading.shop_schema import schema

KEY = CursorKey.derive("a secret")


@reads(Person)
@strawberry.type(description="A person.")
class Friend(Node):
    name: str = column("The name.")


def built(query_body: dict[str, Any], annotations: dict[str, Any], *types: type) -> Schema:
    query = strawberry.type(type("Query", (), {**query_body, "__annotations__": annotations}), description="Reads.")
    return Schema(query, types=types, cursor_key=KEY)


def test_root_field_without_permission() -> None:
    plain = {"friends": strawberry.field(description="Friends.", resolver=lambda: None)}
    with pytest.raises(DeclarationError, match=r"Query\.friends declares no permission"):
        built(plain, {"friends": int | None})


def test_field_without_source() -> None:
    @reads(Person)
    @strawberry.type(description="A person.")
    class Vague(Node):
        name: str = strawberry.field(description="From where?")

    with pytest.raises(DeclarationError, match=r"Vague\.name .* says not from what"):
        built({"all": read_list("All.", requires=Permission.PUBLIC)}, {"all": list[Vague]})


def test_relation_that_cannot_be_hidden() -> None:
    @reads(Order)
    @strawberry.type(description="An order.")
    class Strict(Node):
        person: Friend = related("The customer.", on=lambda o, p: p.id == o.person_id)

    with pytest.raises(DeclarationError, match=r"Strict\.person has to be nullable"):
        built({"all": read_list("All.", requires=Permission.PUBLIC)}, {"all": list[Strict]})


def test_two_types_for_one_audience() -> None:
    @reads(Line)
    @strawberry.interface(description="A line.")
    class Item(Node):
        sku: str = column("The article.")

    @reads(Line, audiences=[Audience.STAFF])
    @strawberry.type(description="One.")
    class OneItem(Item):
        pass

    @reads(Line, audiences=[Audience.STAFF, Audience.PARTNER])
    @strawberry.type(description="Another.")
    class OtherItem(Item):
        pass

    with pytest.raises(DeclarationError, match="Item is read by staff as OneItem and as OtherItem"):
        built({"all": read_list("All.", requires=Permission.PUBLIC)}, {"all": list[Item]}, OneItem, OtherItem)


def test_what_a_type_takes_over_from_its_interfaces() -> None:
    """Kind, condition and source of an interface reach the types below another interface over the same model."""

    @reads(Line, source=lambda listing, line: None, where=lambda line: line.position > 0)
    @strawberry.interface(description="A line.")
    class Entry(Node):
        sku: str = column("The article.")

    @reads(Line)
    @strawberry.interface(description="A line with its place.")
    class PlacedEntry(Entry):
        position: int = column("The place.")

    @reads(Line)
    @strawberry.type(description="A line as everybody sees it.")
    class AnyEntry(PlacedEntry):
        pass

    made = built({"all": read_list("All.", requires=Permission.PUBLIC)}, {"all": list[Entry]}, AnyEntry)
    found = made.reading.registry.readable["AnyEntry"]
    assert found.kind == "Entry"
    assert found.reads.source is not None
    assert found.reads.where is not None


def test_id_of_no_type() -> None:
    @reads(Order)
    @strawberry.type(description="An order.")
    class Loose(Node):
        person_id: strawberry.ID = column("The customer.", node="Nobody")

    with pytest.raises(DeclarationError, match=r"Loose\.personId: no type has ids of kind Nobody"):
        built({"all": read_list("All.", requires=Permission.PUBLIC)}, {"all": list[Loose]})


def test_column_that_a_role_may_not_read() -> None:
    @reads(Contact)
    @strawberry.type(description="A contact.")
    class Account(Node):
        iban: str | None = column("Where money goes.")

    with pytest.raises(DeclarationError, match=r"Account\.iban: the column is not granted to technician"):
        built({"all": read_list("All.", requires=Permission.PUBLIC)}, {"all": list[Account]})


def test_table_that_a_role_may_not_read() -> None:
    @reads(ContactMerge, audiences=[Audience.STAFF, Audience.CUSTOMER])
    @strawberry.type(description="A merge.")
    class Merge(Node):
        pass

    with pytest.raises(DeclarationError, match="Merge: the table is not granted to customer"):
        built({"all": read_list("All.", requires=Permission.PUBLIC)}, {"all": list[Merge]})


def test_filter_on_no_column() -> None:
    @strawberry.input(description="Which.")
    class Wrong:
        nothing: TextFilter | None = match("By nothing.")

    with pytest.raises(DeclarationError, match="Person has no column nothing"):
        filters(Person)(Wrong)


def test_default_order_that_is_not_offered() -> None:
    with pytest.raises(TypeError, match="the default order -name is not one of"):
        Sort(Person, default="-name", is_company="By kind.")


def test_every_root_field_has_its_permission() -> None:
    query = schema._schema.query_type
    assert query is not None
    assert permission_of(query.fields["hidden"]) is Permission.ENTITIES_CREATE
    assert all(permission_of(field) in Permission for field in query.fields.values())


def test_types_that_are_read_need_no_python_object() -> None:
    made = built({"friend": read_one("One.", requires=Permission.PUBLIC)}, {"friend": Friend | None})
    assert set(made.reading.registry.readable) == {"Friend"}


def descriptions() -> Iterator[tuple[str, str | None]]:
    """Every described thing of the schema, those that Strawberry and graphql-core bring aside."""
    for name, type_ in schema._schema.type_map.items():
        if name.startswith("__"):
            continue
        yield name, type_.description
        if isinstance(type_, GraphQLEnumType):
            yield from ((f"{name}.{value}", entry.description) for value, entry in type_.values.items())
        if isinstance(type_, GraphQLInputObjectType):
            yield from ((f"{name}.{field}", entry.description) for field, entry in type_.fields.items())
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            yield from _of_fields(name, type_)


def _of_fields(name: str, type_: GraphQLObjectType | GraphQLInterfaceType) -> Iterator[tuple[str, str | None]]:
    for field, definition in type_.fields.items():
        yield f"{name}.{field}", definition.description
        if name != "Mutation":
            yield from ((f"{name}.{field}({arg})", entry.description) for arg, entry in definition.args.items())


def test_everything_that_reading_generates_is_described() -> None:
    own = {"OrderStatus", "Urgency"}
    assert [name for name, text in descriptions() if not text and name.partition(".")[0] not in own] == []

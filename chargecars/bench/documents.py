"""What is asked: every root list and every root object of the schema, with all that one screen would show."""

from dataclasses import dataclass

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)

from tenants.permissions import Permission

PAGE = 50
TABLES = {
    "agreements": "agreement",
    "apiKeys": "api_key",
    "articles": "article",
    "contacts": "contact",
    "events": "event",
    "identityProviders": "identity_provider",
    "invitations": "invitation",
    "leads": "lead",
    "memberships": "membership",
    "oauthClients": "oauth_client",
    "orders": "order",
    "organizations": "contact",
    "partnerSkus": "partner_sku",
    "priceLists": "price_list",
    "quotes": "quote",
    "users": "user_account",
    "visits": "visit",
}
"""The table behind each root list of the schema."""
_CURRENT = "merged_into_id IS NULL AND erased_at IS NULL"
CONDITIONS = {"contacts": _CURRENT, "organizations": f"{_CURRENT} AND contact_type = 'ORGANIZATION'"}
"""What a list leaves out besides what row-level security hides."""
DETAILS = {
    "order": "orders",
    "quote": "quotes",
    "lead": "leads",
    "visit": "visits",
    "contact": "contacts",
    "organization": "organizations",
    "article": "articles",
}
"""Root objects, each read by the id of the first of a list."""
_Fields = GraphQLObjectType | GraphQLInterfaceType


@dataclass(frozen=True)
class Question:
    """One root field that an audience may ask."""

    name: str
    document: str
    requires: Permission


def root_lists(schema: GraphQLSchema) -> dict[str, GraphQLField]:
    """The root fields that return a connection."""
    assert schema.query_type is not None
    fields = schema.query_type.fields
    return {name: field for name, field in fields.items() if get_named_type(field.type).name.endswith("Connection")}


def requirement(field: GraphQLField) -> Permission:
    """The permission that a root field asks for."""
    return Permission(field.extensions["strawberry-definition"].metadata["requires"])


def list_question(name: str, field: GraphQLField) -> Question:
    """The first page of a root list with every value of its rows."""
    shown = _values(_node(field))
    document = f"{{ {name}(first: {PAGE}) {{ nodes {{ {shown} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    return Question(name, document, requirement(field))


def ids_document(name: str) -> str:
    """The ids of the first page of a root list, and how many there are in all."""
    return f"{{ {name}(first: {PAGE}) {{ totalCount nodes {{ id }} }} }}"


def detail_question(name: str, field: GraphQLField) -> Question:
    """One object by its id (variable `id`) with its values and what belongs to it."""
    type_ = get_named_type(field.type)
    assert isinstance(type_, _Fields)
    document = f"query ($id: ID!) {{ {name}(id: $id) {{ {_values(type_)} {_related(type_)} }} }}"
    return Question(name, document, requirement(field))


def _node(field: GraphQLField) -> _Fields:
    connection = get_named_type(field.type)
    assert isinstance(connection, GraphQLObjectType)
    node = get_named_type(connection.fields["nodes"].type)
    assert isinstance(node, _Fields)
    return node


def _values(type_: _Fields) -> str:
    """All leaf fields, and small objects of leaf fields such as amounts."""
    shown = [name for name, field in _plain(type_) if is_leaf_type(get_named_type(field.type))]
    return " ".join(shown + [f"{name} {{ {' '.join(part.fields)} }}" for name, part in _small(type_)])


def _plain(type_: _Fields) -> list[tuple[str, GraphQLField]]:
    fields = type_.fields.items()
    return [(name, field) for name, field in fields if not any(map(is_required_argument, field.args.values()))]


def _small(type_: _Fields) -> list[tuple[str, GraphQLObjectType]]:
    found = [(name, get_named_type(field.type)) for name, field in _plain(type_) if not is_list_type(field.type)]
    return [(name, part) for name, part in found if isinstance(part, GraphQLObjectType) and _is_small(part)]


def _is_small(part: GraphQLObjectType) -> bool:
    return "id" not in part.fields and all(is_leaf_type(get_named_type(each.type)) for each in part.fields.values())


def _related(type_: _Fields) -> str:
    """The values of the rows that belong to the object; pages of other lists are lists of their own."""
    small = {name for name, _ in _small(type_)}
    parts = []
    for name, field in _plain(type_):
        part = get_named_type(field.type)
        if isinstance(part, _Fields) and name not in small and not part.name.endswith("Connection"):
            parts.append(f"{name} {{ {_values(part) or '__typename'} }}")
    return " ".join(parts)

"""The contract with clients: the printed schema, complete, described, guarded, and in Relay's form."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from api.reading.schema import permission_of
from api.reading.specs import ColumnSpec
from api.schema import platform_schema
from tenants.audience import Audience
from tenants.permissions import Permission
from tenants.rls import REGISTRY

ROOT = Path(__file__).parents[2]
QUERIES = [
    "viewer",
    "brand",
    "node",
    "nodes",
    "search",
    "businessEntities",
    "organizations",
    "organization",
    "organizationTree",
    "contacts",
    "contact",
    "leads",
    "lead",
    "articles",
    "quotes",
    "quote",
    "orders",
    "order",
    "events",
    "explainAccess",
]
MUTATIONS = [
    "submitLead",
    "answerIntake",
    "qualifyLead",
    "createOrganization",
    "updateOrganization",
    "moveOrganization",
    "createContact",
    "updateContact",
    "mergeContacts",
    "createQuote",
    "reviseQuote",
    "sendQuote",
    "signQuote",
    "declineQuote",
    "cancelOrder",
    "holdOrder",
    "resumeOrder",
    "inviteUser",
    "createApiKey",
    "rotateApiKey",
    "revokeApiKey",
    "createBusinessEntity",
    "updateBrand",
]
ONCE = ("signQuote", "declineQuote", "repeatOrder")
"""Signing and ordering: the Idempotency-Key is required."""
SECRETS = ("password", "secret", "hash", "totp", "recovery")


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    found: GraphQLSchema = platform_schema("secret")._schema
    return found


def types(schema: GraphQLSchema) -> Iterator[Any]:
    """Our own types, by name."""
    for _, type_ in sorted(schema.type_map.items()):
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_):
            yield type_


def fields(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """Every field of every object, interface and input, with where it is."""
    for type_ in types(schema):
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for name, field in type_.fields.items():
                yield f"{type_.name}.{name}", field


def roots(schema: GraphQLSchema) -> dict[str, Any]:
    both = (schema.query_type, schema.mutation_type)
    return {f"{type_.name}.{name}": field for type_ in both if type_ for name, field in type_.fields.items()}


def test_the_printed_schema_is_the_one_that_is_served() -> None:
    command = [sys.executable, "-m", "chargecars", "schema"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    kept = (ROOT / "schema.graphql").read_text()
    assert kept == printed, "print it anew: python -m chargecars schema > schema.graphql"


@pytest.mark.parametrize("name", QUERIES)
def test_what_can_be_read_has_its_name(schema: GraphQLSchema, name: str) -> None:
    assert schema.query_type is not None
    assert name in schema.query_type.fields


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_can_be_done_has_its_name(schema: GraphQLSchema, name: str) -> None:
    assert schema.mutation_type is not None
    assert name in schema.mutation_type.fields


def test_everything_is_described(schema: GraphQLSchema) -> None:
    bare = [type_.name for type_ in types(schema) if not type_.description]
    bare += [where for where, field in fields(schema) if not field.description]
    bare += [
        f"{where}({name}:)"
        for where, field in fields(schema)
        for name, argument in getattr(field, "args", {}).items()
        if not argument.description
    ]
    bare += [
        f"{type_.name}.{name}"
        for type_ in types(schema)
        if isinstance(type_, GraphQLEnumType)
        for name, value in type_.values.items()
        if not value.description
    ]
    assert bare == []


def test_every_root_field_declares_a_permission_that_somebody_has(schema: GraphQLSchema) -> None:
    declared = {where: permission_of(field) for where, field in roots(schema).items()}
    assert {where for where, permission in declared.items() if not isinstance(permission, Permission)} == set()
    for where, permission in declared.items():
        if permission is Permission.PUBLIC:
            assert where in PUBLIC_ROOTS


PUBLIC_ROOTS = {
    "Query.viewer",
    "Query.brand",
    "Query.scopes",
    "Query.verifyDocument",
    "Mutation.acceptInvitation",
}
"""What a visitor may ask or do besides submitting a lead, which has a permission of its own."""


def test_a_mutation_returns_a_payload_with_user_errors(schema: GraphQLSchema) -> None:
    assert schema.mutation_type is not None
    for name, field in schema.mutation_type.fields.items():
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        assert payload.name.endswith("Payload"), name
        assert str(payload.fields["userErrors"].type) == "[UserError!]!", name


def test_every_error_code_is_part_of_the_contract(schema: GraphQLSchema) -> None:
    codes = schema.type_map["ErrorCode"]
    assert isinstance(codes, GraphQLEnumType)
    assert str(schema.type_map["UserError"].fields["code"].type) == "ErrorCode!"  # type: ignore[attr-defined]  # an object
    assert {"NOT_FOUND", "ALREADY_SIGNED", "VERSION_CHANGED", "QUOTE_EXPIRED", "IDEMPOTENCY_KEY_REUSED"} <= set(
        codes.values
    )


@pytest.mark.parametrize("name", ONCE)
def test_signing_and_ordering_say_that_they_need_a_key(schema: GraphQLSchema, name: str) -> None:
    assert schema.mutation_type is not None
    assert "Requires the `Idempotency-Key` header" in (schema.mutation_type.fields[name].description or "")


def connections(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    return [t for t in types(schema) if isinstance(t, GraphQLObjectType) and t.name.endswith("Connection")]


def test_connections_are_those_of_relay(schema: GraphQLSchema) -> None:
    assert len(connections(schema)) >= 8
    for connection in connections(schema):
        edge = get_named_type(connection.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)
        assert edge.name == connection.name.removesuffix("Connection") + "Edge"
        assert str(connection.fields["edges"].type) == f"[{edge.name}!]!"
        assert str(connection.fields["pageInfo"].type) == "PageInfo!"
        assert str(connection.fields["totalCount"].type) == "Int!"
        assert str(edge.fields["cursor"].type) == "String!"
        assert get_named_type(edge.fields["node"].type) is get_named_type(connection.fields["nodes"].type)
    page_info = schema.type_map["PageInfo"]
    assert isinstance(page_info, GraphQLObjectType)
    assert {name: str(field.type) for name, field in page_info.fields.items()} == {
        "hasNextPage": "Boolean!",
        "hasPreviousPage": "Boolean!",
        "startCursor": "String",
        "endCursor": "String",
    }


def test_every_page_can_be_asked_for_from_both_ends(schema: GraphQLSchema) -> None:
    paged = [(w, f) for w, f in fields(schema) if get_named_type(f.type) in connections(schema)]
    assert {"Query.orders", "Query.quotes", "Query.leads", "Query.contacts"} <= {where for where, _ in paged}
    for where, field in paged:
        given = {name: str(field.args[name].type) for name in ("first", "after", "last", "before")}
        assert given == {"first": "Int", "after": "String", "last": "Int", "before": "String"}, where
        assert field.args["orderBy"].default_value is not None or "orderBy" in field.args, where


FOREIGN_IDS = (".partnerOrderId", ".keyId", ".clientId", ".messageId", ".providerId")
"""Ids that others have given, and names of keys."""
OWN_IDS = ("OwnMembership.id",)
"""Global ids of rows that are told of without being nodes."""


def test_ids_are_global_and_of_nodes_only(schema: GraphQLSchema) -> None:
    node = schema.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    for where, field in fields(schema):
        type_ = schema.type_map[where.partition(".")[0]]
        if where.endswith(".id") and isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            assert str(field.type) == "ID!", where
            assert type_ is node or node in type_.interfaces or where in OWN_IDS, where
        if where.endswith("Id") and not isinstance(type_, GraphQLInputObjectType):
            assert get_named_type(field.type).name == "ID" or where.endswith(FOREIGN_IDS), where


def test_a_column_is_offered_to_no_audience_that_may_not_read_it(schema: GraphQLSchema) -> None:
    for readable in schema.extensions["reading"].registry.readable.values():
        hidden = _hidden(readable)
        for name, spec in readable.specs.items():
            if isinstance(spec, ColumnSpec):
                assert (spec.name or _snake(name)) not in hidden, f"{readable.type.name}.{name}"


def _hidden(readable: Any) -> set[str]:
    if readable.reads.model is None or not isinstance(readable.type, GraphQLObjectType):
        return set()
    rules = REGISTRY[readable.reads.model.__tablename__].rules if readable.model.__tablename__ in REGISTRY else {}
    return {
        column
        for audience in readable.audiences
        if audience is not Audience.SYSTEM and (rule := rules.get(audience))
        for column in rule.hidden
    }


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def test_no_output_tells_a_secret(schema: GraphQLSchema) -> None:
    told = {
        where
        for where, field in fields(schema)
        if any(word in where.partition(".")[2].lower() for word in SECRETS)
        and schema.type_map[where.partition(".")[0]] is not schema.mutation_type
        and not isinstance(schema.type_map[where.partition(".")[0]], GraphQLInputObjectType)
    }
    assert told == MADE_PUBLIC | SHOWN_ONCE


MADE_PUBLIC = {
    "QuoteVersion.documentHash",
    "Signature.documentHash",
    "Signature.recordHash",
    "LineProof.documentHash",
    "DocumentVerification.documentHash",
    "TrustedDocument.hash",
}
SHOWN_ONCE = {
    "ApiKeySecretPayload.secret",
    "OAuthClientSecretPayload.secret",
    "DeviceLogin.secret",
    "WebhookSecretPayload.secret",
    "SandboxSecretPayload.secret",
    "PartnerSigningSecretPayload.secret",
    "MappedWebhookSecretPayload.secret",
    "OrderFormPayload.secretUrl",
    "EnrolTotpPayload.secret",
    "ConfirmTotpPayload.recoveryCodes",
}


@pytest.mark.parametrize("name", ["StaffQuote", "StaffOrder", "StaffLineItem", "StaffArticle"])
def test_what_it_costs_us_is_said_to_staff_only(schema: GraphQLSchema, name: str) -> None:
    ours = schema.type_map[name]
    assert isinstance(ours, GraphQLObjectType)
    assert {"cost", "margin", "unitCost"} & set(ours.fields)
    for where, _ in fields(schema):
        type_name, _, field_name = where.partition(".")
        if field_name in ("cost", "unitCost", "unitCostCents", "margin"):
            assert type_name.startswith("Staff") or type_name in ("ArticleInput", "QuotePreview"), where

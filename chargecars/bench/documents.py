"""What is asked: every root list and every root object of the schema, with all that one screen would show."""

from collections.abc import Callable
from dataclasses import dataclass

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
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
    "absences": "absence",
    "accountStatements": "account_statement",
    "accountingConnections": "accounting_connection",
    "accountingReconciliations": "accounting_reconciliation",
    "accountingRecords": "accounting_record",
    "agreements": "agreement",
    "apiKeys": "api_key",
    "emailOrders": "email_order",
    "inboundAddresses": "inbound_address",
    "inboundMails": "inbound_mail",
    "mailTemplates": "mail_template",
    "articles": "article",
    "auditFiles": "audit_file",
    "backlog": "visit",
    "bankFiles": "bank_file",
    "bankStatements": "bank_statement",
    "bankTransactions": "bank_transaction",
    "billingProfiles": "billing_profile",
    "bulkOperations": "bulk_operation",
    "chargerAlerts": "charger_alert",
    "commissionDisputes": "commission_dispute",
    "commissionTerms": "commission_terms",
    "tariffs": "tariff",
    "tariffAssignments": "tariff_assignment",
    "chargers": "charger",
    "chargingBills": "session_billing",
    "chargingSessions": "charging_session",
    "idTokens": "id_token",
    "chargingOffers": "charging_offer",
    "planMemberships": "plan_membership",
    "energyPacks": "energy_pack",
    "chargingSubscriptions": "charging_subscription",
    "commissions": "commission",
    "contacts": "contact",
    "deprecatedUses": "deprecated_use",
    "deviceCommands": "device_command",
    "disruptions": "disruption",
    "dunningPauses": "dunning_pause",
    "events": "event",
    "failedJobs": "failed_job",
    "identityProviders": "identity_provider",
    "intercompanyRates": "intercompany_rate",
    "invitations": "invitation",
    "invoiceRuns": "invoice_run",
    "invoices": "invoice",
    "jobs": "job",
    "journalEntries": "journal_entry",
    "leads": "lead",
    "ledgerAccounts": "ledger_account",
    "maintenanceTasks": "maintenance_task",
    "mandates": "mandate",
    "matchProposals": "match_proposal",
    "memberships": "membership",
    "notificationDeliveries": "notification_delivery",
    "notificationTemplates": "notification_template",
    "notifications": "notification",
    "oauthClients": "oauth_client",
    "orders": "order",
    "organizations": "contact",
    "outlookRuns": "outlook_run",
    "partnerSkus": "partner_sku",
    "paymentProviders": "payment_provider",
    "inboundMessages": "inbound_message",
    "mappedWebhooks": "mapped_webhook",
    "orderForms": "order_form",
    "agreementSignatures": "agreement_signature",
    "partnerDocuments": "partner_document",
    "partnerOnboardings": "partner_onboarding",
    "partnerPriceRules": "partner_price_rules",
    "partnerTasks": "partner_task",
    "skuMapImports": "sku_map_import",
    "partnerIntegrations": "partner_integration",
    "partnerScorecards": "partner_scorecard",
    "partnerTickets": "partner_ticket",
    "serviceBreaches": "service_breach",
    "maintenanceWindows": "maintenance_window",
    "partnerOrderExceptions": "partner_order_exception",
    "partnerOrders": "partner_order",
    "partnerSandboxes": "partner_sandbox",
    "payments": "payment",
    "plans": "plan",
    "priceLists": "price_list",
    "quarantinedMessages": "quarantined_message",
    "quotes": "quote",
    "regions": "region",
    "reminders": "reminder",
    "requestHours": "request_hour",
    "requestLog": "request_log",
    "sandboxRuns": "sandbox_run",
    "suspendedPayments": "payment",
    "teams": "team",
    "trustedDocuments": "trusted_document",
    "users": "user_account",
    "visits": "visit",
    "wallets": "wallet",
    "webhookDeliveries": "webhook_delivery",
    "webhookEndpoints": "webhook_endpoint",
    "whatIfs": "what_if",
}
"""The table behind each root list of the schema."""
_CURRENT = "merged_into_id IS NULL AND erased_at IS NULL"
CONDITIONS = {
    "backlog": "status = 'REQUIRED' AND EXISTS (SELECT 1 FROM \"order\" o WHERE o.id = order_id AND NOT o.on_hold "
    "AND o.stage IN ('RECEIVED', 'PLANNING', 'SCHEDULED', 'IN_PROGRESS'))",
    "contacts": _CURRENT,
    "notifications": "in_app AND current_setting('chargecars.audience', true) <> 'system'",
    "suspendedPayments": "(suspense_cents > 0 OR missing_cents > 0)",
    "organizations": f"{_CURRENT} AND contact_type = 'ORGANIZATION'",
}
"""What a list leaves out besides what row-level security hides."""
DETAILS = {
    "order": "orders",
    "quote": "quotes",
    "lead": "leads",
    "visit": "visits",
    "team": "teams",
    "region": "regions",
    "contact": "contacts",
    "organization": "organizations",
    "article": "articles",
}
"""Root objects, each read by the id of the first of a list."""
_NAMED = (GraphQLObjectType, GraphQLInterfaceType)
_Fields = dict[str, GraphQLField]


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
    return {name: field for name, field in fields.items() if _is_connection(get_named_type(field.type))}


def _is_connection(given: GraphQLNamedType) -> bool:
    """By what it holds: an `AccountingConnection` is no list."""
    return isinstance(given, GraphQLObjectType) and "pageInfo" in given.fields


def requirement(field: GraphQLField) -> Permission:
    """The permission that a root field asks for."""
    return Permission(field.extensions["strawberry-definition"].metadata["requires"])


def list_question(schema: GraphQLSchema, name: str) -> Question:
    """The first page of a root list with every value of its rows."""
    field = root_field(schema, name)
    connection = get_named_type(field.type)
    assert isinstance(connection, GraphQLObjectType)
    shown = _for_each_audience(schema, get_named_type(connection.fields["nodes"].type), _values)
    document = f"{{ {name}(first: {PAGE}) {{ nodes {{ {shown} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    return Question(name, document, requirement(field))


def ids_document(name: str) -> str:
    """The ids of the first page of a root list, and how many there are in all."""
    return f"{{ {name}(first: {PAGE}) {{ totalCount nodes {{ id }} }} }}"


def detail_question(schema: GraphQLSchema, name: str) -> Question:
    """One object by its id (variable `id`) with its values and what belongs to it."""
    field = root_field(schema, name)
    shown = _for_each_audience(
        schema, get_named_type(field.type), lambda fields: f"{_values(fields)} {_related(fields)}"
    )
    return Question(name, f"query ($id: ID!) {{ {name}(id: $id) {{ {shown} }} }}", requirement(field))


def root_field(schema: GraphQLSchema, name: str) -> GraphQLField:
    assert schema.query_type is not None
    field: GraphQLField = schema.query_type.fields[name]
    return field


def _for_each_audience(schema: GraphQLSchema, type_: GraphQLNamedType, write: Callable[[_Fields], str]) -> str:
    """What all audiences see of a type, and what only one of them sees under the name of its own type."""
    assert isinstance(type_, _NAMED)
    parts = [write(_fields(type_))]
    for own in schema.get_possible_types(type_) if isinstance(type_, GraphQLInterfaceType) else ():
        if more := write({name: field for name, field in _fields(own).items() if name not in type_.fields}).strip():
            parts.append(f"... on {own.name} {{ {more} }}")
    return " ".join(parts)


def _fields(type_: GraphQLNamedType) -> _Fields:
    """Fields that can be asked for without an argument."""
    assert isinstance(type_, _NAMED)
    fields = type_.fields.items()
    return {name: field for name, field in fields if not any(map(is_required_argument, field.args.values()))}


def _values(fields: _Fields) -> str:
    """All leaf fields, and small objects of leaf fields such as amounts."""
    shown = [name for name, field in fields.items() if is_leaf_type(get_named_type(field.type))]
    return " ".join(shown + [f"{name} {{ {' '.join(part.fields)} }}" for name, part in _small(fields).items()])


def _small(fields: _Fields) -> dict[str, GraphQLObjectType]:
    single = {name: get_named_type(field.type) for name, field in fields.items() if not is_list_type(field.type)}
    return {name: part for name, part in single.items() if isinstance(part, GraphQLObjectType) and _is_small(part)}


def _is_small(part: GraphQLObjectType) -> bool:
    return "id" not in part.fields and all(is_leaf_type(get_named_type(each.type)) for each in part.fields.values())


def _related(fields: _Fields) -> str:
    """The values of the rows that belong to the object; pages of other lists are lists of their own."""
    small, parts = _small(fields), []
    for name, field in fields.items():
        part = get_named_type(field.type)
        if isinstance(part, _NAMED) and name not in small and not part.name.endswith("Connection"):
            parts.append(f"{name} {{ {_values(_fields(part)) or '__typename'} }}")
    return " ".join(parts)

"""What each role may do: the one place. Which rows it may do it to is row-level security's business."""

from enum import StrEnum

from tenants.audience import Audience


class Permission(StrEnum):
    """The right that a root field of the schema asks for."""

    PUBLIC = "PUBLIC"
    """Anybody, also before login."""
    SIGNED_IN = "SIGNED_IN"
    """Anybody who is logged in."""
    ENTITIES_READ = "ENTITIES_READ"
    ENTITIES_CREATE = "ENTITIES_CREATE"
    ENTITIES_WRITE = "ENTITIES_WRITE"
    BRANDS_WRITE = "BRANDS_WRITE"
    USERS_READ = "USERS_READ"
    USERS_INVITE = "USERS_INVITE"
    API_KEYS_MANAGE = "API_KEYS_MANAGE"
    IDENTITY_PROVIDERS_MANAGE = "IDENTITY_PROVIDERS_MANAGE"
    CONTACTS_READ = "CONTACTS_READ"
    CONTACTS_WRITE = "CONTACTS_WRITE"
    CONTACTS_MERGE = "CONTACTS_MERGE"
    ORGANIZATIONS_READ = "ORGANIZATIONS_READ"
    ORGANIZATIONS_WRITE = "ORGANIZATIONS_WRITE"
    ORGANIZATIONS_MOVE = "ORGANIZATIONS_MOVE"
    PRIVACY_MANAGE = "PRIVACY_MANAGE"
    LEADS_READ = "LEADS_READ"
    LEADS_SUBMIT = "LEADS_SUBMIT"
    LEADS_WRITE = "LEADS_WRITE"
    INTAKE_ANSWER = "INTAKE_ANSWER"
    WORKFLOW_CONFIGURE = "WORKFLOW_CONFIGURE"
    """Routing rules, questionnaires, follow-up sequences, agreements."""
    CATALOG_READ = "CATALOG_READ"
    CATALOG_WRITE = "CATALOG_WRITE"
    QUOTES_READ = "QUOTES_READ"
    QUOTES_WRITE = "QUOTES_WRITE"
    QUOTES_SIGN = "QUOTES_SIGN"
    ORDERS_READ = "ORDERS_READ"
    ORDERS_WRITE = "ORDERS_WRITE"
    ORDERS_CANCEL = "ORDERS_CANCEL"
    ORDERS_REPEAT = "ORDERS_REPEAT"
    """Order again what was signed and ordered before."""
    VISITS_READ = "VISITS_READ"
    VISITS_BOOK = "VISITS_BOOK"
    """Choose, move or cancel the time of a visit."""
    VISITS_WORK = "VISITS_WORK"
    """Drive to visits and make them."""
    TEAMS_READ = "TEAMS_READ"
    """Teams, regions and their calendar."""
    PLANNING_READ = "PLANNING_READ"
    PLANNING_WRITE = "PLANNING_WRITE"
    """Plans, and the teams, regions and calendar they are made for."""
    INVOICES_READ = "INVOICES_READ"
    """Invoices, their documents and statements of account."""
    INVOICES_WRITE = "INVOICES_WRITE"
    """Complete, invoice and credit orders; remind of invoices."""
    PAYMENTS_READ = "PAYMENTS_READ"
    PAYMENTS_MAKE = "PAYMENTS_MAKE"
    """Pay an invoice that one may read."""
    PAYMENTS_WRITE = "PAYMENTS_WRITE"
    """Register, refund and match payments; bank statements and files for the bank."""
    COMMISSIONS_READ = "COMMISSIONS_READ"
    COMMISSIONS_DISPUTE = "COMMISSIONS_DISPUTE"
    COMMISSIONS_WRITE = "COMMISSIONS_WRITE"
    """Agree, compute, simulate and pay commissions."""
    LEDGER_READ = "LEDGER_READ"
    """Ledger, profit and loss."""
    LEDGER_WRITE = "LEDGER_WRITE"
    """Close periods, settle between entities."""
    ACCOUNTING_MANAGE = "ACCOUNTING_MANAGE"
    """Accounting packages and audit files."""
    CHARGERS_READ = "CHARGERS_READ"
    """Chargers, their telemetry, health and commands."""
    CHARGERS_WRITE = "CHARGERS_WRITE"
    """Register and change chargers; deal with their alerts."""
    CHARGERS_COMMAND = "CHARGERS_COMMAND"
    """Have a charger start, stop, limit its power, reset or unlock."""
    DEVICES_MANAGE = "DEVICES_MANAGE"
    """Enrol chargers and rotate their credentials; see what they sent and was refused."""
    CHARGING_READ = "CHARGING_READ"
    """Charging sessions and their bills."""
    CHARGING_START = "CHARGING_START"
    """Start, stop, pause and resume sessions."""
    TARIFFS_READ = "TARIFFS_READ"
    """Tariffs and estimates."""
    TARIFFS_WRITE = "TARIFFS_WRITE"
    """Tariffs, and what is offered: plans, packs and subscriptions."""
    CHARGING_BUY = "CHARGING_BUY"
    """Join plans, buy packs, take subscriptions, and give them up."""
    PARTNER_ORDERS_READ = "PARTNER_ORDERS_READ"
    """What partners sent, by whichever way, and what stood in its way."""
    PARTNER_ORDERS_SUBMIT = "PARTNER_ORDERS_SUBMIT"
    """Send orders as a partner does."""
    PARTNER_ORDERS_RESOLVE = "PARTNER_ORDERS_RESOLVE"
    """Settle what stood in the way of partners' orders; look at what was read from their mail."""
    INTEGRATIONS_READ = "INTEGRATIONS_READ"
    """How a partner is connected: settings, article map, forms, mappings, sandbox, request log."""
    INTEGRATIONS_MANAGE = "INTEGRATIONS_MANAGE"
    """Change how a partner is connected."""
    PARTNERSHIP_APPLY = "PARTNERSHIP_APPLY"
    """Ask to become a partner."""
    PARTNERS_READ = "PARTNERS_READ"
    """Onboarding, documents, scorecards and service levels of partners that one may see."""
    PARTNERS_MANAGE = "PARTNERS_MANAGE"
    """Decide on applications, documents and terms of partners."""
    TICKETS_READ = "TICKETS_READ"
    TICKETS_WRITE = "TICKETS_WRITE"
    """Open and answer tickets between a partner and the entity."""
    BULK_RUN = "BULK_RUN"
    """Export and import many records as files."""
    EVENTS_READ = "EVENTS_READ"
    AUDIT_EXPORT = "AUDIT_EXPORT"
    """Download who changed what."""
    WEBHOOKS_READ = "WEBHOOKS_READ"
    WEBHOOKS_MANAGE = "WEBHOOKS_MANAGE"
    NOTIFICATIONS_READ = "NOTIFICATIONS_READ"
    """One's own notifications, and how they are sent."""
    NOTIFICATIONS_SEND = "NOTIFICATIONS_SEND"
    NOTIFICATIONS_CONFIGURE = "NOTIFICATIONS_CONFIGURE"
    """Templates, quiet hours, reminders."""
    ACCESS_EXPLAIN = "ACCESS_EXPLAIN"
    JOBS_MANAGE = "JOBS_MANAGE"
    """Look at the jobs of an entity, and retry or discard failed ones."""
    SCHEMA_READ = "SCHEMA_READ"
    """Introspection: for those who write programs against the API."""
    TRUSTED_DOCUMENTS_MANAGE = "TRUSTED_DOCUMENTS_MANAGE"
    """Of the clients that the actor administers; a key may hold it for deployments."""


class Role(StrEnum):
    """What a person is to a business entity."""

    PLATFORM_ADMIN = "PLATFORM_ADMIN"
    TENANT_ADMIN = "TENANT_ADMIN"
    OPERATIONS = "OPERATIONS"
    PLANNER = "PLANNER"
    FINANCE = "FINANCE"
    TECHNICIAN = "TECHNICIAN"
    PARTNER_ADMIN = "PARTNER_ADMIN"
    PARTNER_USER = "PARTNER_USER"
    CUSTOMER = "CUSTOMER"
    CHARGER_OWNER = "CHARGER_OWNER"
    EV_DRIVER = "EV_DRIVER"
    ANONYMOUS = "ANONYMOUS"


AUDIENCE_OF: dict[Role, Audience] = {
    Role.PLATFORM_ADMIN: Audience.SYSTEM,
    Role.TENANT_ADMIN: Audience.STAFF,
    Role.OPERATIONS: Audience.STAFF,
    Role.PLANNER: Audience.STAFF,
    Role.FINANCE: Audience.STAFF,
    Role.TECHNICIAN: Audience.TECHNICIAN,
    Role.PARTNER_ADMIN: Audience.PARTNER,
    Role.PARTNER_USER: Audience.PARTNER,
    Role.CUSTOMER: Audience.CUSTOMER,
    Role.CHARGER_OWNER: Audience.CUSTOMER,
    Role.EV_DRIVER: Audience.CUSTOMER,
    Role.ANONYMOUS: Audience.CUSTOMER,
}

_P = Permission
_ANYONE = frozenset({_P.PUBLIC})
_SIGNED_IN = _ANYONE | {_P.SIGNED_IN, _P.ENTITIES_READ, _P.NOTIFICATIONS_READ}
_READING = {
    _P.CONTACTS_READ,
    _P.ORGANIZATIONS_READ,
    _P.LEADS_READ,
    _P.CATALOG_READ,
    _P.QUOTES_READ,
    _P.ORDERS_READ,
    _P.VISITS_READ,
    _P.EVENTS_READ,
}
_BILLED = {_P.INVOICES_READ, _P.PAYMENTS_READ}
_CHARGING = {_P.CHARGERS_READ, _P.CHARGING_READ, _P.TARIFFS_READ}
_PARTNERS = {_P.PARTNER_ORDERS_READ, _P.INTEGRATIONS_READ, _P.PARTNERS_READ, _P.TICKETS_READ}
_STAFF = (
    _SIGNED_IN
    | _READING
    | _BILLED
    | _CHARGING
    | _PARTNERS
    | {_P.USERS_READ, _P.SCHEMA_READ, _P.TEAMS_READ, _P.PLANNING_READ}
)
_BOOKS = {
    _P.INVOICES_WRITE,
    _P.PAYMENTS_MAKE,
    _P.PAYMENTS_WRITE,
    _P.COMMISSIONS_READ,
    _P.COMMISSIONS_WRITE,
    _P.LEDGER_READ,
    _P.LEDGER_WRITE,
    _P.ACCOUNTING_MANAGE,
}
_FLEET = {_P.CHARGERS_WRITE, _P.CHARGERS_COMMAND, _P.DEVICES_MANAGE, _P.CHARGING_START, _P.CHARGING_BUY}
_PLANNING = {_P.PLANNING_WRITE, _P.VISITS_BOOK, _P.VISITS_WORK}
_OFFICE = _STAFF | {
    _P.CONTACTS_WRITE,
    _P.CONTACTS_MERGE,
    _P.ORGANIZATIONS_WRITE,
    _P.LEADS_SUBMIT,
    _P.LEADS_WRITE,
    _P.INTAKE_ANSWER,
    _P.QUOTES_WRITE,
    _P.ORDERS_WRITE,
    _P.ORDERS_CANCEL,
    _P.ORDERS_REPEAT,
    _P.NOTIFICATIONS_SEND,
    _P.TRUSTED_DOCUMENTS_MANAGE,
    _P.PARTNER_ORDERS_SUBMIT,
    _P.PARTNER_ORDERS_RESOLVE,
    _P.INTEGRATIONS_MANAGE,
    _P.PARTNERSHIP_APPLY,
    _P.PARTNERS_MANAGE,
    _P.TICKETS_WRITE,
    _P.BULK_RUN,
}
_PARTNER_USER = (
    _SIGNED_IN
    | _READING
    | _BILLED
    | _CHARGING
    | _PARTNERS
    | {
        _P.PARTNER_ORDERS_SUBMIT,
        _P.BULK_RUN,
        _P.TICKETS_WRITE,
        _P.PAYMENTS_MAKE,
        _P.COMMISSIONS_READ,
        _P.LEADS_SUBMIT,
        _P.INTAKE_ANSWER,
        _P.CONTACTS_WRITE,
        _P.QUOTES_SIGN,
        _P.ORDERS_CANCEL,
        _P.ORDERS_REPEAT,
        _P.VISITS_BOOK,
        _P.SCHEMA_READ,
        _P.TRUSTED_DOCUMENTS_MANAGE,
    }
)
_CUSTOMER = (
    _SIGNED_IN
    | _READING
    | _BILLED
    | _CHARGING
    | {
        _P.PAYMENTS_MAKE,
        _P.LEADS_SUBMIT,
        _P.INTAKE_ANSWER,
        _P.QUOTES_SIGN,
        _P.ORDERS_CANCEL,
        _P.VISITS_BOOK,
    }
) - {_P.ORGANIZATIONS_READ}

PERMISSIONS_OF: dict[Role, frozenset[Permission]] = {
    Role.PLATFORM_ADMIN: frozenset(Permission) - {_P.QUOTES_SIGN},
    Role.TENANT_ADMIN: frozenset(Permission) - {_P.ENTITIES_CREATE, _P.QUOTES_SIGN},
    Role.OPERATIONS: frozenset(
        _OFFICE | _PLANNING | _FLEET | {_P.WEBHOOKS_READ, _P.INVOICES_WRITE, _P.COMMISSIONS_READ}
    ),
    Role.PLANNER: frozenset(_STAFF | _PLANNING | {_P.ORDERS_WRITE}),
    Role.FINANCE: frozenset(_STAFF | _BOOKS | {_P.CATALOG_WRITE, _P.TARIFFS_WRITE, _P.CHARGING_BUY}),
    Role.TECHNICIAN: frozenset(
        _SIGNED_IN
        | {_P.ORDERS_READ, _P.VISITS_READ, _P.CONTACTS_READ, _P.EVENTS_READ, _P.TEAMS_READ, _P.VISITS_WORK}
        | {_P.CHARGERS_READ, _P.CHARGERS_COMMAND, _P.DEVICES_MANAGE}
    ),
    Role.PARTNER_ADMIN: frozenset(
        _PARTNER_USER
        | {
            _P.INTEGRATIONS_MANAGE,
            _P.PARTNERSHIP_APPLY,
            _P.CHARGERS_COMMAND,
            _P.COMMISSIONS_DISPUTE,
            _P.USERS_READ,
            _P.USERS_INVITE,
            _P.API_KEYS_MANAGE,
            _P.TRUSTED_DOCUMENTS_MANAGE,
            _P.ORGANIZATIONS_WRITE,
            _P.WEBHOOKS_READ,
            _P.WEBHOOKS_MANAGE,
        }
    ),
    Role.PARTNER_USER: frozenset(_PARTNER_USER),
    Role.CUSTOMER: frozenset(_CUSTOMER | {_P.CHARGERS_COMMAND, _P.CHARGING_START, _P.CHARGING_BUY}),
    Role.CHARGER_OWNER: frozenset(_CUSTOMER | {_P.CHARGERS_COMMAND, _P.CHARGING_START, _P.CHARGING_BUY}),
    Role.EV_DRIVER: frozenset(_CUSTOMER | {_P.CHARGING_START, _P.CHARGING_BUY}),
    Role.ANONYMOUS: frozenset(_ANYONE | {_P.LEADS_SUBMIT, _P.PARTNERSHIP_APPLY}),
}

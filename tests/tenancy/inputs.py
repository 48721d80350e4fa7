"""What a mutation needs besides the id that it is asked for, so that it gets as far as looking that id up."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.quotes.models import QuoteStatus
from tenants.actor import Actor
from tests.tenancy.conftest import World
from tests.tenancy.ids import global_id, seen_id
from tests.tenancy.ways_in import MAPPING, PRODUCTS

LEFT_OUT = object()


def _quote_to_revise(world: World, actor: Actor) -> str:
    rows = world.oracle.tables["quote"]
    seen = (id for id in world.oracle.seen(actor, "quote") if rows[id]["status"] != QuoteStatus.ORDERED)
    return global_id("Quote", min(seen, default=min(rows)))


def _customer(world: World, actor: Actor) -> str:
    return seen_id(world, actor, "Contact")


def _partner(world: World, actor: Actor) -> str:
    rows = world.oracle.tables["contact"]
    seen = (id for id in world.oracle.seen(actor, "contact") if rows[id]["partner_model"] is not None)
    return global_id("Organization", min(seen, default=min(rows)))


def _sku(world: World, actor: Actor) -> str:
    rows = world.oracle.tables["article"]
    return str(min(rows[id]["sku"] for id in world.oracle.seen(actor, "article") if rows[id]["active"]))


_BRANDING = {"input.theme": [{"name": "colorPrimary", "value": "#112233"}]}
_QUESTION = {"key": "meter", "type": "TEXT", "label": "Meterkast?"}
_CONDITION = {"field": "PRODUCT_WISH", "operator": "CONTAINS", "values": ["laadpaal"]}
_BY_STAFF = ("input.partnerModel", "input.partnerCode", "input.paymentTermsDays")
_QUOTE = {
    "input.endCustomerId": _customer,
    "input.accountId": _partner,
    "input.lines.sku": _sku,
    "input.partnerMetadata": LEFT_OUT,
}
_TEMPLATE = {"kind": "order.received", "channel": "SMS", "subject": "", "text": "Offerte", "html": LEFT_OUT}
_BY_ARTICLE = {"input.lines.sku": LEFT_OUT}

_WEBHOOK = {
    "input.url": "https://hooks.example.nl/",
    "input.eventTypes": ["order.*"],
    "input.selection": LEFT_OUT,
    "input.contactEmails": LEFT_OUT,
    "input.retryFactor": LEFT_OUT,
}

_REPORT = {"clientId": "018ed9b0-6580-721a-98a1-25293e334b8a"}


def _team(world: World, actor: Actor) -> str:
    return seen_id(world, actor, "Team")


_WHAT_IF = {
    "input.entityId": LEFT_OUT,
    "input.firstDay": LEFT_OUT,
    "input.days": 5,
    "input.seconds": 1,
    "input.radiusKm": 40.0,
    "input.maxJobs": 3,
    "input.moreTeams.likeTeamId": _team,
    "input.moreTeams.count": 1,
    "input.withoutTeamIds": lambda world, actor: [_team(world, actor)],
    "input.hours.teamId": _team,
    "input.hours.starts": "08:00",
    "input.hours.ends": "17:00",
    "input.absences.teamId": _team,
    "input.absences.firstDay": "2026-03-02",
    "input.absences.lastDay": "2026-03-03",
    "input.moreWork.count": 1,
    "input.moreWork.minutes": 60,
    "input.moreWork.postcodePrefix": "38",
}

_FROM_WALLET = {"amountCents": LEFT_OUT}
_REGISTERED = {
    "input.amountCents": "1000",
    "input.method": "CASH",
    "input.receivedOn": datetime.now(UTC).date().isoformat(),
    "input.currency": "EUR",
    "input.invoices.amountCents": LEFT_OUT,
    "input.reference": "",
}
_STRIPE = {
    "input.provider": "STRIPE",
    "input.apiKey": "sk_test_" + "k" * 30,
    "input.webhookSecrets": ["whsec_" + "s" * 30],
}


def _unmatched(world: World, actor: Actor) -> str:
    rows = world.oracle.tables["bank_transaction"]
    seen = (id for id in world.oracle.seen(actor, "bank_transaction") if rows[id]["state"] != "MATCHED")
    return global_id("BankTransaction", min(seen, default=min(rows)))


_OF_A_PART = {
    "input.transactionId": _unmatched,
    "input.ignoreReason": LEFT_OUT,
    "input.parts.amountCents": "1000",
    "input.parts.providerPayout": False,
}


def _offer(kind: str) -> Any:
    def seen(world: World, actor: Actor) -> str:
        rows = world.oracle.tables["charging_offer"]
        found = (
            id for id in world.oracle.seen(actor, "charging_offer") if rows[id]["kind"] == kind and rows[id]["active"]
        )
        return global_id("ChargingOffer", min(found, default=min(rows)))

    return seen


def _tariff(world: World, actor: Actor) -> str:
    """One that is published, of the entity."""
    rows = world.oracle.tables["tariff"]
    seen = (id for id in world.oracle.seen(actor, "tariff") if rows[id]["code"] == "X-ALL")
    return global_id("Tariff", min(seen, default=min(rows)))


_ASSIGNED = {"input.tariffId": _tariff, "input.validFrom": LEFT_OUT}
_SOON = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
_COMMAND = {
    "input.kind": "RESET",
    "input.parameters": {},
    "input.connector": LEFT_OUT,
    "input.timeoutSeconds": LEFT_OUT,
}
_CHARGER = {
    "input.identity": LEFT_OUT,
    "input.serialNumber": LEFT_OUT,
    "input.location": LEFT_OUT,
    "input.connectors": [],
    "input.maxPowerW": 11_000,
}
SET: dict[str, dict[str, Any]] = {
    "registerCharger": _CHARGER,
    "updateCharger": {name: _CHARGER[name] for name in _CHARGER if name != "input.identity"},
    "rotateDeviceCredentials": {"overlapSeconds": 60},
    "sendChargerCommand": _COMMAND,
    "enrolOrderChargers(input.orderId)": {"input.serialNumbers": []},
    "assignTariff": {"input.validFrom": LEFT_OUT},
    "assignTariff(input.chargerId)": _ASSIGNED | {"input.ownerId": LEFT_OUT},
    "assignTariff(input.ownerId)": _ASSIGNED | {"input.chargerId": LEFT_OUT},
    "publishTariff": {"validFrom": LEFT_OUT},
    "joinPlan(contactId)": {"offerId": _offer("PLAN")},
    "buyEnergyPack(contactId)": {"offerId": _offer("PACK")},
    "subscribeToCharging(contactId)": {"offerId": _offer("SUBSCRIPTION")},
    "startSession": {"input.connector": 1, "input.idToken": LEFT_OUT, "input.targetEnergyWh": LEFT_OUT},
    "startSession(input.chargerId)": {"input.driverId": LEFT_OUT},
    "registerIdToken": {"input.token": "04A2B3C4", "input.validUntil": LEFT_OUT},
    "registerIdToken(input.contactId)": {"input.chargerIds": []},
    "registerIdToken(input.entityId)": {"input.chargerIds": []},
    "changeIdToken": {"input.validUntil": LEFT_OUT},
    "planMaintenance": {"input.dueOn": _SOON, "input.assignedTo": LEFT_OUT},
    "planMaintenance(input.chargerId)": {"input.alertIds": []},
    "planMaintenance(input.assignedTo)": {"input.alertIds": []},
    "changeMaintenance": {"input.dueOn": _SOON},
    "importBankStatement": {"input.xml": "<a/>", "input.base64": LEFT_OUT},
    "matchPayment(input.transactionId)": {"input.parts": []},
    "matchPayment(input.proposalId)": {"input.parts": []},
    "matchPayment(input.parts.invoiceId)": _OF_A_PART,
    "matchPayment(input.parts.walletContactId)": _OF_A_PART,
    "matchPayment(input.parts.ledgerAccountId)": _OF_A_PART,
    "createDirectDebitRun": {"input.collectOn": LEFT_OUT, "input.dueUntil": LEFT_OUT},
    "createPayoutRun": {"input.executeOn": LEFT_OUT},
    "sendStatement": {"input.from": "2026-01-01", "input.until": "2026-02-01", "input.to": LEFT_OUT},
    "allocatePayment": {"invoices.amountCents": LEFT_OUT},
    "correctWallet": {"amountCents": "100"},
    "payFromWallet": _FROM_WALLET,
    "refundPayment": {"input.amountCents": "1", "input.to": "WALLET", "input.invoiceId": LEFT_OUT},
    "registerPayment": _REGISTERED,
    "savePaymentProvider": _STRIPE,
    "topUpWallet": {"amountCents": "1000"},
    "issueInvoices": {
        "input.entityId": LEFT_OUT,
        "input.completedFrom": LEFT_OUT,
        "input.completedUntil": LEFT_OUT,
    },
    "issueInvoices(input.entityId)": {
        "input.orderIds": LEFT_OUT,
        "input.completedFrom": "2026-01-01",
        "input.completedUntil": "2026-02-01",
    },
    "creditInvoice": {
        "input.netCents": LEFT_OUT,
        "input.billAgain": LEFT_OUT,
        "input.lines.quantity": LEFT_OUT,
        "input.lines.netCents": LEFT_OUT,
    },
    "saveBillingProfile": {
        "input.invoiceEmail": LEFT_OUT,
        "input.language": LEFT_OUT,
        "input.depositPercent": LEFT_OUT,
        "input.progressPercents": LEFT_OUT,
        "input.vatTreatment": LEFT_OUT,
    },
    "exportAuditFile": {"year": 2025},
    "saveAccountingConnection": {
        "input.administration": "123",
        "input.since": LEFT_OUT,
        "input.accounts": [],
        "input.vat": [],
        "input.paymentAccount": LEFT_OUT,
    },
    "vatReturn": {"period": "2026"},
    "vatReturnLines": {"period": "2026", "box": "1a", "after": LEFT_OUT},
    "askWhatIf": _WHAT_IF,
    "arriveVisit": _REPORT,
    "completeVisit": _REPORT | {"outcome": "COMPLETED"},
    "moveVisit(id)": {"day": LEFT_OUT},
    "startTravel": _REPORT,
    "bulkExport": {"input.since": LEFT_OUT, "input.until": LEFT_OUT},
    "bulkImport": {"input.lines": LEFT_OUT},
    "createBrand": _BRANDING,
    "createWebhookEndpoint": _WEBHOOK,
    "updateWebhookEndpoint": _WEBHOOK,
    "replayWebhookEvents": {"input.after": LEFT_OUT, "input.until": LEFT_OUT},
    "createOrganization": dict.fromkeys(_BY_STAFF, LEFT_OUT),
    "createQuote": _QUOTE,
    "createQuote(input.lines.articleId)": _BY_ARTICLE,
    "declineQuote": {"input.documentHash": LEFT_OUT},
    "inviteUser(input.contactId)": {"input.role": "CUSTOMER"},
    "inviteUser(input.entityId)": {"input.role": "OPERATIONS"},
    "inviteUser(input.organizationId)": {"input.role": "PARTNER_USER"},
    "inviteUser(input.teamId)": {"input.role": "TECHNICIAN"},
    "moveOrganization(id)": {"parentId": None},
    "moveOrganization": {"validFrom": LEFT_OUT},
    "previewNotification": {"input.templateId": LEFT_OUT}
    | {f"input.draft.{name}": _TEMPLATE[name] for name in _TEMPLATE},
    "previewNotification(input.templateId)": {"input.draft": LEFT_OUT},
    "previewQuote": _QUOTE,
    "previewQuote(input.lines.articleId)": _BY_ARTICLE,
    "registerTrustedDocuments": {"input.documents": [{"document": "{ __typename }"}]},
    "requestPlan": {"input.firstDay": LEFT_OUT},
    "reportDisruption": {
        "input.kind": "TEAM_ILL",
        "input.firstDay": (datetime.now(UTC) + timedelta(days=2)).date().isoformat(),
        "input.lastDay": LEFT_OUT,
        "input.fromTime": "09:00",
        "input.minutes": LEFT_OUT,
        "input.postcodePrefixes": [],
    },
    "reviseQuote": {"input.quoteId": _quote_to_revise, "input.lines.sku": _sku, "input.expectedRevision": LEFT_OUT},
    "reviseQuote(input.lines.articleId)": _BY_ARTICLE,
    "saveAgreement": {"input.commission": LEFT_OUT},
    "saveCommissionStandard": {"input.commission": LEFT_OUT},
    "simulateCommission": {
        "input.since": "2026-01-01",
        "input.until": "2026-02-01",
        "input.terms.commission": {},
    },
    "saveAgreement(input.payerByCategory.organizationId)": {"input.payerByCategory.payer": "ORGANIZATION"},
    "setPartnerBranding": _BRANDING,
    "signQuote": {"input.code": LEFT_OUT},
    "saveNotificationTemplate": {f"input.{name}": _TEMPLATE[name] for name in _TEMPLATE},
    "setNotificationPreferences": {
        "input.channels": [],
        "input.muted": [],
        "input.quietFrom": LEFT_OUT,
        "input.quietUntil": LEFT_OUT,
    },
    "setAbsence": {"input.starts": LEFT_OUT, "input.ends": LEFT_OUT},
    "submitLead": {"input.portalPartner": LEFT_OUT},
    "submitPartnerOrder": {
        "input.customer.email": "koper@example.nl",
        "input.customer.phone": "0612345678",
        "input.customer.address.postalCode": "3861AB",
        "input.products": [],
        "input.installationPreferences": LEFT_OUT,
    },
    "updatePartnerIntegration": {
        "input.revision": LEFT_OUT,
        "input.allowedAddresses": [],
        "input.requestsPerMinute": LEFT_OUT,
        "input.notifyEmails": [],
    },
    "resolvePartnerOrderException": {
        "input.articleId": LEFT_OUT,
        "input.quantity": LEFT_OUT,
        "input.address": LEFT_OUT,
    },
    "resolvePartnerOrderException(input.articleId)": {"input.resolution": LEFT_OUT},
    "rotatePartnerSigningSecret": {"previousValidUntil": LEFT_OUT},
    "applyForPartnership": {
        "input.category": "LEAD_TRANSFER",
        "input.email": "ans@example.nl",
        "input.kvkNumber": "68750110",
        **dict.fromkeys(
            [f"input.{name}" for name in ("phone", "vatNumber", "website", "language", "ordersPerMonth", "address")],
            LEFT_OUT,
        ),
    },
    "importSkuMap": {"input.csv": "partner_sku,sku\nA,\n"},
    "savePartnerSku": {"input.sku": LEFT_OUT, "input.quantity": "1"},
    "savePartnerPriceRules": {
        "input.rules.percent": "-1",
        **dict.fromkeys(
            [f"input.rules.{name}" for name in ("category", "amountCents", "fixedCents", "roundToCents")], LEFT_OUT
        ),
    },
    "savePartnerPriceRules(input.rules.articleId)": {"input.organizationId": _partner},
    "saveOnboardingCategory": {"code": "ENERGY", "definition": {"partner_model": "ENERGY"}},
    "revertOnboardingCategory": {"code": "ENERGY"},
    "settleOnboardingStep": {"state": "WAIVED"},
    "assignPartnerTask": {"dueOn": LEFT_OUT},
    "verifyPartnerDocument": {"expiresOn": LEFT_OUT, "insuredCents": LEFT_OUT},
    "createMappedWebhook": {
        "input.slug": "orders",
        "input.authentication": {"kind": "BEARER"},
        "input.mapping": MAPPING,
        "input.secret": LEFT_OUT,
    },
    "updateMappedWebhook": {"input.authentication": {"kind": "BEARER"}, "input.secret": LEFT_OUT},
    "rotateMappedWebhookSecret": {"secret": LEFT_OUT, "previousValidUntil": LEFT_OUT},
    "setWebhookMapping": {"mapping": MAPPING, "version": LEFT_OUT},
    "previewMapping": {"input.mapping": MAPPING, "input.sample": "{}"},
    "createOrderForm": {
        "input.slug": "form",
        "input.products": PRODUCTS,
        "input.fields": LEFT_OUT,
        "input.notifyEmails": [],
    },
    "updateOrderForm": {
        "input.slug": LEFT_OUT,
        "input.products": LEFT_OUT,
        "input.fields": LEFT_OUT,
        "input.notifyEmails": [],
    },
    "createInboundAddress": {"input.allowedSenders": [], "input.language": "nl"},
    "updateInboundAddress": {"input.allowedSenders": [], "input.language": "nl"},
    "rotateInboundAddress": {"previousValidUntil": LEFT_OUT},
    "createSandbox(input.entityId)": {"input.organizationId": _partner},
    "setSandboxClock": {"input.at": LEFT_OUT},
    "advanceSandboxClock": {"input.seconds": 60},
    "setSandboxFaults": {"input.faults": []},
    "createSandboxWebhook": {
        "input.url": "https://hooks.example.nl/",
        "input.eventTypes": ["order.*"],
        "input.selection": LEFT_OUT,
    },
    "sandboxMails": {"before": LEFT_OUT},
    "reviewEmailOrder": {"input.fields": [], "input.version": LEFT_OUT},
    "rejectEmailOrder": {"input.version": LEFT_OUT},
    "saveMailTemplate": {"input.labels": [], "input.aliases": []},
    "updateBrand": _BRANDING | {"input.host": LEFT_OUT, "input.allowedOrigins": ["https://app.example.nl"]},
    "updateLeadSettings": {"input.weights": LEFT_OUT},
    "updateNotificationSettings": {"input.quietFrom": "21:00", "input.quietUntil": "08:00"},
    "upsertTeam": {
        "input.basePostcode": "3861AB",
        "input.baseLatitude": LEFT_OUT,
        "input.baseLongitude": LEFT_OUT,
        "input.maxMinutes": 480,
        "input.hours": LEFT_OUT,
    },
    "upsertQuestionnaire": {"input.questions": [_QUESTION]},
    "upsertRoutingRule": {"input.conditions": [_CONDITION]},
}
"""By mutation, or by mutation and argument: values at dotted names, in every item of a list."""

NOT_FOUND = "NOT_FOUND"
OTHER_REFUSALS: dict[str, tuple[str, str]] = {
    # An article is asked for by its number as well, and the refusal names that.
    "createQuote(input.lines.articleId)": ("UNKNOWN_ARTICLE", "articleId"),
    "previewQuote(input.lines.articleId)": ("UNKNOWN_ARTICLE", "articleId"),
    "reviseQuote(input.lines.articleId)": ("UNKNOWN_ARTICLE", "articleId"),
    # Who is no party of the quote may not act as one, whichever it names.
    "signQuote(input.partyId)": ("NOT_A_PARTY", "partyId"),
    "declineQuote(input.partyId)": ("NOT_A_PARTY", "partyId"),
    # Only staff of the entity sees to its tickets; who else there is is not told.
    "assignTicket(userId)": ("NOT_AN_OWNER", "userId"),
    # Whoever may give the role of a technician sees every team; nobody else's team is looked at.
    "inviteUser(input.teamId)": ("ROLE_NOT_GRANTABLE", "role"),
}
"""By mutation and argument: code and field of the refusal that stands for NOT_FOUND at the argument's own field."""


def fitted(world: World, actor: Actor, name: str, path: str, values: dict[str, Any]) -> dict[str, Any]:
    """Generated values with what is stated here for a mutation and its argument, which itself stays as it is."""
    for at, value in (SET.get(name, {}) | SET.get(f"{name}({path})", {})).items():
        if at != path:
            _put(values, at.split("."), value(world, actor) if callable(value) else value)
    return values


def _put(values: Any, path: list[str], value: Any) -> None:
    if isinstance(values, list):
        for item in values:
            _put(item, path, value)
    elif len(path) > 1:
        _put(values.get(path[0], {}), path[1:], value)
    elif value is LEFT_OUT:
        values.pop(path[0], None)
    else:
        values[path[0]] = value

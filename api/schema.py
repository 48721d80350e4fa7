"""The schema: the areas' root fields and types in one place, printed to `schema.graphql`."""

import strawberry

from api.access import AccessQueries
from api.accounting import TYPES as ACCOUNTING_TYPES
from api.accounting import AccountingQueries
from api.accounting_changes import AccountingMutations, VatReturnQueries
from api.agreements import TYPES as AGREEMENT_TYPES
from api.agreements import AgreementMutations, AgreementQueries
from api.api_changes import ApiChangeQueries
from api.bank import TYPES as BANK_TYPES
from api.bank import BankQueries
from api.bank_changes import BankMutations
from api.bulk import TYPES as BULK_TYPES
from api.bulk import BulkMutations, BulkQueries
from api.catalog import TYPES as CATALOG_TYPES
from api.catalog import CatalogMutations, CatalogQueries
from api.charger_changes import ChargerMutations
from api.charger_health import TYPES as CHARGER_HEALTH_TYPES
from api.charger_health import ChargerHealthQueries
from api.charger_health_changes import ChargerHealthMutations
from api.chargers import TYPES as CHARGER_TYPES
from api.chargers import ChargerQueries
from api.charging_bill_changes import ChargingBillMutations
from api.charging_bills import TYPES as CHARGING_BILL_TYPES
from api.charging_bills import ChargingBillQueries
from api.charging_offer_changes import ChargingOfferMutations
from api.charging_offers import TYPES as CHARGING_OFFER_TYPES
from api.charging_offers import ChargingOfferQueries
from api.charging_session_changes import ChargingSessionMutations
from api.charging_sessions import TYPES as CHARGING_SESSION_TYPES
from api.charging_sessions import ChargingSessionQueries
from api.charging_use import TYPES as CHARGING_USE_TYPES
from api.charging_use import ChargingUseQueries
from api.commission_changes import CommissionMutations
from api.commission_statements import CommissionStatementQueries
from api.commissions import TYPES as COMMISSION_TYPES
from api.commissions import CommissionQueries
from api.contact_changes import ContactMutations
from api.contacts import TYPES as CONTACT_TYPES
from api.contacts import ContactQueries
from api.credentials import TYPES as CREDENTIAL_TYPES
from api.credentials import CredentialMutations, CredentialQueries
from api.day_changes import DayMutations
from api.days import DayQueries
from api.deprecations import TYPES as DEPRECATION_TYPES
from api.deprecations import DeprecationQueries
from api.device_command_changes import DeviceCommandMutations
from api.device_commands import TYPES as DEVICE_COMMAND_TYPES
from api.device_commands import DeviceCommandQueries
from api.disruptions import TYPES as DISRUPTION_TYPES
from api.disruptions import DisruptionMutations, DisruptionQueries
from api.document_links import DocumentLinkMutations
from api.dunning import TYPES as DUNNING_TYPES
from api.dunning import DunningQueries
from api.dunning_changes import DunningMutations
from api.entities import EntityQueries
from api.entity_changes import EntityMutations
from api.event_log import EventLogQueries
from api.events import TYPES as EVENT_TYPES
from api.events import EventQueries
from api.executor import Executor
from api.explanations import ExplanationQueries
from api.horizon import TYPES as HORIZON_TYPES
from api.horizon import HorizonMutations, HorizonQueries
from api.id_tokens import TYPES as ID_TOKEN_TYPES
from api.id_tokens import IdTokenQueries
from api.inbound_mail import TYPES as INBOUND_MAIL_TYPES
from api.inbound_mail import InboundMailQueries
from api.inbound_mail_changes import InboundMailMutations
from api.invoice_changes import InvoiceMutations
from api.invoice_documents import TYPES as DOCUMENT_TYPES
from api.invoice_documents import DocumentMutations
from api.invoices import TYPES as INVOICE_TYPES
from api.invoices import InvoiceQueries
from api.invoicing import TYPES as INVOICING_TYPES
from api.invoicing import InvoicingQueries
from api.jobs import TYPES as JOB_TYPES
from api.jobs import JobMutations, JobQueries
from api.lead_changes import LeadMutations
from api.lead_statistics import LeadStatisticsQueries
from api.lead_workflow import TYPES as LEAD_WORKFLOW_TYPES
from api.lead_workflow import LeadWorkflowQueries
from api.lead_workflow_changes import LeadRoutingQueries, LeadWorkflowMutations
from api.leads import TYPES as LEAD_TYPES
from api.leads import LeadQueries
from api.ledger import TYPES as LEDGER_TYPES
from api.ledger import LedgerQueries
from api.ledger_changes import LedgerMutations
from api.ledger_reports import LedgerReportQueries
from api.live.subscriptions import TYPES as LIVE_TYPES
from api.live.subscriptions import Subscription
from api.mail_templates import TYPES as MAIL_TEMPLATE_TYPES
from api.mail_templates import MailTemplateMutations, MailTemplateQueries
from api.notification_changes import NotificationMutations, NotificationSettingsQueries
from api.notification_kinds import NotificationKindQueries
from api.notifications import TYPES as NOTIFICATION_TYPES
from api.notifications import NotificationQueries
from api.onboarding import TYPES as ONBOARDING_TYPES
from api.onboarding import OnboardingQueries
from api.onboarding_changes import OnboardingMutations
from api.order_changes import OrderMutations
from api.orders import TYPES as ORDER_TYPES
from api.orders import OrderQueries
from api.organization_changes import OrganizationMutations
from api.organizations import TYPES as ORGANIZATION_TYPES
from api.organizations import OrganizationQueries
from api.partner_catalog import TYPES as PARTNER_CATALOG_TYPES
from api.partner_catalog import PartnerCatalogMutations, PartnerCatalogQueries
from api.partner_order_changes import PartnerOrderMutations
from api.partner_orders import TYPES as PARTNER_ORDER_TYPES
from api.partner_orders import PartnerOrderQueries
from api.partner_papers import PartnerPapersMutations, PartnerPapersQueries
from api.partner_promises import TYPES as PARTNER_PROMISE_TYPES
from api.partner_promises import PartnerPromiseMutations, PartnerPromiseQueries
from api.partner_scorecards import TYPES as PARTNER_SCORECARD_TYPES
from api.partner_scorecards import PartnerScorecardMutations, PartnerScorecardQueries
from api.partner_terms import PartnerTermsMutations, PartnerTermsQueries
from api.partner_tickets import TYPES as PARTNER_TICKET_TYPES
from api.partner_tickets import PartnerTicketMutations, PartnerTicketQueries
from api.payment_changes import PaymentMutations
from api.payments import TYPES as PAYMENT_TYPES
from api.payments import PaymentQueries
from api.plan_changes import PlanMutations
from api.plans import TYPES as PLAN_TYPES
from api.plans import PlanQueries
from api.price_estimates import PriceEstimateQueries
from api.quote_changes import QuoteComparisonQueries, QuoteMutations
from api.quotes import TYPES as QUOTE_TYPES
from api.quotes import QuoteQueries
from api.reading import CursorKey
from api.reading.arguments import MAX_PAGE
from api.reading.schema import Schema
from api.request_log import TYPES as REQUEST_LOG_TYPES
from api.request_log import RequestLogMutations, RequestLogQueries
from api.sandbox import TYPES as SANDBOX_TYPES
from api.sandbox import SandboxQueries
from api.sandbox_changes import SandboxMutations
from api.search import SearchQueries
from api.signatures import SignatureQueries
from api.signing import SigningMutations
from api.slot_changes import SlotMutations
from api.slots import TYPES as SLOT_TYPES
from api.slots import SlotQueries
from api.tariff_changes import TariffMutations
from api.tariffs import TYPES as TARIFF_TYPES
from api.tariffs import TariffQueries
from api.team_changes import TeamMutations
from api.teams import TYPES as TEAM_TYPES
from api.teams import TeamQueries
from api.telemetry import TelemetryQueries
from api.trusted_documents import TYPES as TRUSTED_DOCUMENT_TYPES
from api.trusted_documents import TrustedDocumentMutations, TrustedDocumentQueries
from api.user_changes import UserMutations
from api.users import TYPES as USER_TYPES
from api.users import UserQueries
from api.visits import TYPES as VISIT_TYPES
from api.visits import VisitQueries
from api.ways_in import TYPES as WAYS_IN_TYPES
from api.ways_in import WaysInQueries
from api.ways_in_changes import InboundMessageMutations, MappedWebhookMutations, OrderFormMutations
from api.webhook_changes import WebhookMutations, WebhookPreviewQueries
from api.webhook_payloads import WebhookPayloadQueries
from api.webhook_testing import WebhookTestMutations, WebhookTestQueries
from api.webhooks import TYPES as WEBHOOK_TYPES
from api.webhooks import WebhookQueries
from api.what_ifs import TYPES as WHAT_IF_TYPES
from api.what_ifs import WhatIfMutations, WhatIfQueries


@strawberry.type(description="Everything that can be read.")
class Query(
    SearchQueries,
    AccountingQueries,
    VatReturnQueries,
    EventQueries,
    EventLogQueries,
    ExplanationQueries,
    CatalogQueries,
    AgreementQueries,
    CommissionQueries,
    CommissionStatementQueries,
    AccessQueries,
    LeadQueries,
    LeadWorkflowQueries,
    LeadRoutingQueries,
    LeadStatisticsQueries,
    UserQueries,
    CredentialQueries,
    TrustedDocumentQueries,
    DisruptionQueries,
    HorizonQueries,
    InboundMailQueries,
    MailTemplateQueries,
    WhatIfQueries,
    EntityQueries,
    OrganizationQueries,
    ContactQueries,
    QuoteQueries,
    QuoteComparisonQueries,
    SignatureQueries,
    OrderQueries,
    TeamQueries,
    TelemetryQueries,
    VisitQueries,
    SlotQueries,
    PlanQueries,
    DayQueries,
    DeprecationQueries,
    NotificationQueries,
    NotificationKindQueries,
    NotificationSettingsQueries,
    JobQueries,
    WebhookQueries,
    WebhookPayloadQueries,
    WebhookPreviewQueries,
    LedgerQueries,
    LedgerReportQueries,
    TariffQueries,
    ChargingBillQueries,
    ChargingOfferQueries,
    PriceEstimateQueries,
    PartnerPromiseQueries,
    PartnerScorecardQueries,
    PartnerTermsQueries,
    PartnerTicketQueries,
    OnboardingQueries,
    PartnerPapersQueries,
    PartnerCatalogQueries,
    PaymentQueries,
    PartnerOrderQueries,
    ChargerHealthQueries,
    BankQueries,
    DunningQueries,
    BulkQueries,
    ApiChangeQueries,
    WebhookTestQueries,
    RequestLogQueries,
    SandboxQueries,
    InvoiceQueries,
    InvoicingQueries,
    ChargerQueries,
    ChargingSessionQueries,
    IdTokenQueries,
    ChargingUseQueries,
    DeviceCommandQueries,
    WaysInQueries,
):
    pass


@strawberry.type(description="Everything that can be changed.")
class Mutation(
    AccountingMutations,
    CatalogMutations,
    AgreementMutations,
    CommissionMutations,
    LeadMutations,
    LeadWorkflowMutations,
    UserMutations,
    CredentialMutations,
    TrustedDocumentMutations,
    DisruptionMutations,
    HorizonMutations,
    InboundMailMutations,
    MailTemplateMutations,
    WhatIfMutations,
    EntityMutations,
    OrganizationMutations,
    ContactMutations,
    QuoteMutations,
    SigningMutations,
    OrderMutations,
    PlanMutations,
    TeamMutations,
    SlotMutations,
    DayMutations,
    NotificationMutations,
    JobMutations,
    WebhookMutations,
    LedgerMutations,
    TariffMutations,
    ChargingBillMutations,
    ChargingOfferMutations,
    PartnerPromiseMutations,
    PartnerScorecardMutations,
    PartnerTermsMutations,
    PartnerTicketMutations,
    OnboardingMutations,
    PartnerPapersMutations,
    PartnerCatalogMutations,
    PaymentMutations,
    PartnerOrderMutations,
    ChargerHealthMutations,
    BankMutations,
    DunningMutations,
    BulkMutations,
    WebhookTestMutations,
    RequestLogMutations,
    SandboxMutations,
    InvoiceMutations,
    DocumentLinkMutations,
    DocumentMutations,
    ChargerMutations,
    ChargingSessionMutations,
    DeviceCommandMutations,
    MappedWebhookMutations,
    InboundMessageMutations,
    OrderFormMutations,
):
    pass


TYPES = (
    *ACCOUNTING_TYPES,
    *EVENT_TYPES,
    *CATALOG_TYPES,
    *AGREEMENT_TYPES,
    *COMMISSION_TYPES,
    *LEAD_TYPES,
    *LEAD_WORKFLOW_TYPES,
    *USER_TYPES,
    *CREDENTIAL_TYPES,
    *TRUSTED_DOCUMENT_TYPES,
    *CONTACT_TYPES,
    *ORGANIZATION_TYPES,
    *QUOTE_TYPES,
    *ORDER_TYPES,
    *TEAM_TYPES,
    *VISIT_TYPES,
    *SLOT_TYPES,
    *PLAN_TYPES,
    *DISRUPTION_TYPES,
    *HORIZON_TYPES,
    *INBOUND_MAIL_TYPES,
    *MAIL_TEMPLATE_TYPES,
    *WHAT_IF_TYPES,
    *DEPRECATION_TYPES,
    *NOTIFICATION_TYPES,
    *JOB_TYPES,
    *WEBHOOK_TYPES,
    *LIVE_TYPES,
    *LEDGER_TYPES,
    *TARIFF_TYPES,
    *CHARGING_BILL_TYPES,
    *CHARGING_OFFER_TYPES,
    *PARTNER_PROMISE_TYPES,
    *PARTNER_SCORECARD_TYPES,
    *PARTNER_TICKET_TYPES,
    *ONBOARDING_TYPES,
    *PARTNER_CATALOG_TYPES,
    *PAYMENT_TYPES,
    *PARTNER_ORDER_TYPES,
    *CHARGER_HEALTH_TYPES,
    *BANK_TYPES,
    *BULK_TYPES,
    *REQUEST_LOG_TYPES,
    *SANDBOX_TYPES,
    *DUNNING_TYPES,
    *INVOICE_TYPES,
    *INVOICING_TYPES,
    *DOCUMENT_TYPES,
    *CHARGER_TYPES,
    *CHARGING_SESSION_TYPES,
    *ID_TOKEN_TYPES,
    *CHARGING_USE_TYPES,
    *DEVICE_COMMAND_TYPES,
    *WAYS_IN_TYPES,
)


def platform_schema(secret: str, max_page: int = MAX_PAGE) -> Schema:
    """The schema, with cursors sealed by a key derived from the installation's secret."""
    return Schema(
        Query,
        Mutation,
        Subscription,
        cursor_key=CursorKey.derive(secret),
        max_page=max_page,
        types=TYPES,
        execution_context_class=Executor,
    )

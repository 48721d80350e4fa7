"""Whether every state change writes an event: triggers that compare, at each commit, what changed with the log.

WATCHED says of each table which columns are states and whom its events are about; UNTOLD, why changes of a table are
none of the log's. A table with a state that is in neither fails a test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg


@dataclass(frozen=True)
class Watched:
    """`columns` are compared; `subjects` are SQL over `r`, the changed row: one of them has to be an event's subject.

    `born`: a new row is told of as well.
    """

    columns: Sequence[str]
    subjects: Sequence[str] = ("r.id",)
    born: bool = True
    also: str = "'{}'"
    """An array of further subjects."""


_QUOTE = ("r.quote_id",)
_CONTACT = ("r.contact_id",)
_OF_A_CONTACT = (
    "r.id",
    "r.merged_into_id",
    "(was ->> 'merged_into_id')::uuid",
    "r.parent_organization_id",
    "(was ->> 'parent_organization_id')::uuid",
)
_OF_A_PLACE = ("r.organization_id", "r.parent_id", "(was ->> 'parent_id')::uuid")
"""Merging and undoing it are told of the winner, which takes over and gives back what is below the loser."""
_WINNERS = "ARRAY(SELECT m.winner_id FROM contact_merge m WHERE m.loser_id = r.{})"
_INVITED = (
    "ARRAY(SELECT i.id FROM invitation i JOIN user_account u ON lower(u.email) = lower(i.email) WHERE u.id = r.user_id)"
)
_REFUNDS = "ARRAY(SELECT o.id FROM payment o WHERE o.refunds_payment_id = r.id)"
"""What was given back is told of the payment that gives it back."""
WATCHED = {
    "mail_template": Watched(("state",)),
    "partner_order": Watched(("status",)),
    "partner_onboarding": Watched(("state", "confirmed_at", "closed_at", "live_at")),
    "onboarding_step": Watched(("state",), ("r.onboarding_id",)),
    "partner_document": Watched(("state",)),
    "partner_task": Watched(("state", "assigned_to_user_id", "due_on")),
    "agreement_signature": Watched((), ("r.agreement_id",)),
    "partner_price_rules": Watched((), ("r.organization_id",)),
    "sku_map_import": Watched(("undone_at",), ("r.organization_id",)),
    "onboarding_category": Watched(("definition",), ("r.entity_id",)),
    "partner_ticket": Watched(("state", "priority", "owner_user_id")),
    "service_breach": Watched(("closed_at", "acknowledged_at", "level")),
    "maintenance_window": Watched(("starts_at", "ends_at", "cancelled_at")),
    "partner_order_exception": Watched(("state",)),
    "partner_integration": Watched(("status", "signature_required", "allowed_addresses"), born=False),
    "partner_signing_secret": Watched(("valid_until",), ("r.integration_id",)),
    "inbound_address": Watched(("active", "closes_at")),
    "inbound_mail": Watched(("state",)),
    "email_order": Watched(("state",), also="ARRAY[r.inbound_mail_id]"),
    "bulk_operation": Watched(("state",)),
    "accounting_connection": Watched(("state",)),
    "lead": Watched(("status", "entity_id", "partner_organization_id", "score")),
    "lead_follow_up": Watched(("outcome",), ("r.lead_id",), born=False),
    "quote": Watched(("status", "current_version")),
    "quote_version": Watched(("sent_at",), _QUOTE),
    "quote_party": Watched(("state", "acted_at"), _QUOTE, born=False),
    "signature": Watched((), _QUOTE),
    "order": Watched(("stage", "held_at", "cancelled_at", "completed_at")),
    "order_milestone": Watched((), ("r.order_id",)),
    "visit": Watched(("status", "outcome", "day", "block", "team_id"), ("r.id", "r.order_id")),
    "disruption": Watched(("state",)),
    "invoice": Watched(("status", "paid_cents", "credited_cents", "written_off_cents")),
    "invoice_run": Watched(()),
    "billing_profile": Watched(("collective", "vat_treatment", "deposit_percent")),
    "contact": Watched(
        ("erased_at", "merged_into_id", "parent_organization_id"), _OF_A_CONTACT, also=_WINNERS.format("id")
    ),
    "contact_relation": Watched(("lifecycle",), _CONTACT, also=_WINNERS.format("contact_id")),
    "organization_parent": Watched(("parent_id", "valid"), _OF_A_PLACE, also=_WINNERS.format("organization_id")),
    "agreement": Watched(("default_payer", "partner_without_lines", "partner_signs", "valid")),
    "commission": Watched(("status",), ("r.id", "r.reverses_id", "r.entity_id", "r.self_billing_invoice_id")),
    "commission_dispute": Watched(("state",), ("r.commission_id",)),
    "article": Watched(("active",)),
    "price": Watched(("unit_price_cents", "valid"), ("r.article_id",)),
    "partner_sku": Watched(("article_id",), ("r.organization_id",)),
    "business_entity": Watched(("name", "lead_retention_days")),
    "brand": Watched(("host", "restricted_to_trusted_documents")),
    "brand_cobranding": Watched(("slug",), ("r.brand_id",)),
    "routing_rule": Watched(("active",)),
    "questionnaire": Watched(()),
    "follow_up_step": Watched(("active",)),
    "membership": Watched(("status", "role"), also=_INVITED),
    "invitation": Watched(("accepted_at", "revoked_at")),
    "user_account": Watched(("status", "password_hash", "totp_confirmed_at"), born=False),
    "api_key": Watched(("revoked_at", "restricted_to_trusted_documents")),
    "oauth_client": Watched(("revoked_at", "secret_hash", "restricted_to_trusted_documents")),
    "identity_provider": Watched(("issuer", "enabled")),
    "failed_job": Watched(("state",)),
    "notification": Watched((), ("r.id",)),
    "notification_template": Watched(("active",)),
    "webhook_endpoint": Watched(("state", "secret")),
    "partner_sandbox": Watched(("clock_offset_seconds", "clock_frozen_at", "faults", "emptied_at")),
    "sandbox_run": Watched(("state",)),
    "webhook_replay": Watched((), ("r.endpoint_id",)),
    "plan": Watched(("state", "stop_asked_at")),
    "payment": Watched(("status", "suspense"), also=_REFUNDS),
    "payment_link": Watched(()),
    "payment_provider": Watched(("active",)),
    "wallet": Watched(("balance_cents",), born=False),
    "ledger_period": Watched(("closed_at",), ("r.entity_id",)),
    "intercompany_rate": Watched(("percent",), ("r.seller_entity_id",)),
    "bank_statement": Watched(()),
    "bank_transaction": Watched(("state",), born=False),
    "mandate": Watched(("state",)),
    "bank_file": Watched(("state",)),
    "dunning_policy": Watched(("active", "steps")),
    "dunning_pause": Watched(("lifted_at",), ("r.invoice_id", "r.contact_id")),
    "reminder": Watched((), ("r.invoice_id",)),
    "account_statement": Watched(()),
    "tariff": Watched(("published_at",)),
    "tariff_version": Watched(("status", "terms"), ("r.tariff_id",)),
    "tariff_assignment": Watched(("valid", "undone_at"), ("r.tariff_id",)),
    "session_billing": Watched(("status", "version", "waived_at", "charged_net_cents")),
    "session_bill": Watched((), ("r.billing_id",)),
    "session_charge": Watched((), ("r.billing_id",)),
    "charging_offer": Watched(("active", "price_cents", "discount_percent")),
    "plan_membership": Watched(("valid",)),
    "energy_pack": Watched(("cancelled_at",)),
    "charging_subscription": Watched(("valid",)),
    "charger": Watched(("state", "access", "owner_contact_id", "told_connected")),
    "connector": Watched(("told_status",), ("r.charger_id",), born=False),
    "device_credential": Watched((), ("r.charger_id",)),
    "device_command": Watched(("status",)),
    "id_token": Watched(("status", "valid_until", "charger_ids")),
    "charging_session": Watched(("state", "closed_by")),
    "charger_alert": Watched(("state", "severity")),
    "mapped_webhook": Watched(("active", "mapping_version")),
    "order_form": Watched(("active", "access")),
    "maintenance_task": Watched(("state", "due_on", "visit_id", "assigned_to")),
}

UNTOLD = {
    "partner_scorecard": "figures of what is told elsewhere, counted anew every ten minutes",
    "partner_ticket_message": "its ticket tells that somebody wrote",
    "mapped_webhook_version": "part of its webhook, which tells",
    "inbound_message": "the order tells that it came, the queue of exceptions that it became none",
    "sandbox_check": "part of its run, which is told",
    "telemetry_latest": "the newest reading; readings are no events",
    "session_bill_line": "part of its bill, which is told",
    "session_report": "what a session follows from; the session tells",
    "session_hour": "the session, cut by hours",
    "session_revenue": "the bill that holds, cut by hours",
    "benefit_use": "part of the price of its session, whose bill is told",
    "benefit_charge": "its invoice tells",
    "journal_entry": "the books of what is told elsewhere",
    "billing_part": "part of its invoice; that it waits shows on the order",
    "invoice_line": "part of its invoice; when it became revenue is in the books",
    "invoice_run_order": "part of its run; its invoices are told",
    "accounting_reconciliation": "a count; that the sides differ is told of the connection",
    "accounting_record": "the log of what is told elsewhere; that it failed is told",
    "audit_file": "asked for by whoever gets it; that it was made is told of the entity",
    "address": "part of its contact, whose change is told",
    "commission_terms": "part of its agreement or of the entity's settings, which tell",
    "authorization_code": "a step of a login",
    "bank_file_line": "part of its file",
    "bulk_piece": "part of the file of its operation",
    "bank_match": "the transaction tells that it was matched",
    "device_connection": "that a charger is connected is told of the charger, when it has held",
    "quarantined_message": "the charger tells that something was refused, once an hour",
    "charger_health": "figures; what follows from them is told of the alerts",
    "charger_hearing": "the platform's own ears",
    "charger_trouble_hour": "counts of what is told of the charger",
    "contact_merge": "the contacts themselves tell",
    "cron_slot": "the platform's own work",
    "deprecated_use": "a count",
    "dispatched_stop": "what a team knows; that it was told is the visit's",
    "disruption_offer": "part of its disruption",
    "disruption_visit": "part of its disruption",
    "document": "made for what its owner tells, and never changed",
    "event_consumer": "how far reading the log has come",
    "job": "the platform's own work; its failure is told",
    "line_item": "part of its quote's version",
    "login_session": "logins are listed as sessions",
    "match_proposal": "a question; the transaction tells what was answered",
    "mail_message": "how a letter fares, beside what it tells of",
    "notification_delivery": "how a notification fares; that it cannot be delivered is told",
    "notification_preference": "part of its owner, whose choice is told",
    "oidc_login": "a step of a login",
    "one_time_code": "a step of a login",
    "outlook": "computed from what is told elsewhere",
    "outlook_run": "computed from what is told elsewhere",
    "local_payment": "what the test page plays; what comes of it is a payment",
    "payment_allocation": "part of its payment; the invoice tells what is paid",
    "payment_attempt": "how a payment at a provider fares; that it came to nothing is told of its link",
    "wallet_movement": "the wallet tells",
    "plan_former": "part of its plan",
    "plan_team_day": "part of its plan",
    "plan_visit": "part of its plan",
    "preview_change": "never committed",
    "quote_visit": "part of its quote's version",
    "refresh_token": "a step of a login",
    "visit_move": "the visit tells that it was moved",
    "visit_report": "what became of it is the visit's",
    "webhook_attempt": "part of its delivery",
    "webhook_delivery": "how a delivery fares; that it failed for good is told",
    "what_if": "a question; nothing is changed by it",
}

_CHANGES = """
CREATE TABLE IF NOT EXISTS told_change (
  what text, was text, became text, told boolean, at timestamptz DEFAULT clock_timestamp())
"""
_FUNCTION = """
CREATE OR REPLACE FUNCTION check_told_{table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  r "{table}" := NEW;
  was jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{{}}' END;
  became jsonb := to_jsonb(NEW);
  known boolean := EXISTS (
    SELECT 1 FROM event e WHERE e.created_at >= now()
    AND e.subject_id = ANY (ARRAY[{subjects}]::uuid[] || {also}::uuid[]));
  name text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO told_change (what, told) VALUES ('{table}', known);
    RETURN NULL;
  END IF;
  FOREACH name IN ARRAY '{{{columns}}}'::text[] LOOP
    IF was -> name IS DISTINCT FROM became -> name THEN
      INSERT INTO told_change VALUES ('{table}.' || name, was ->> name, became ->> name, known);
    END IF;
  END LOOP;
  RETURN NULL;
END $$
"""
_TRIGGER = """
CREATE CONSTRAINT TRIGGER check_told AFTER {actions} ON "{table}" DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION check_told_{table}()
"""


async def watch(owner: "asyncpg.Connection[Any]") -> None:
    """From now on every change of a state in this database is held against the log."""
    await owner.execute(_CHANGES)
    await owner.execute("TRUNCATE told_change")
    for table, watched in WATCHED.items():
        words = {"table": table, "columns": ",".join(watched.columns), "subjects": ", ".join(watched.subjects)}
        words["also"] = watched.also
        await owner.execute(_FUNCTION.format(**words))
        actions = [*(["INSERT"] if watched.born else []), *(["UPDATE"] if watched.columns else [])]
        await owner.execute(f'DROP TRIGGER IF EXISTS check_told ON "{table}"')
        await owner.execute(_TRIGGER.format(table=table, actions=" OR ".join(actions)))


async def untold(owner: "asyncpg.Connection[Any]") -> list[tuple[str, str | None, str | None]]:
    """The changes that no event told of: what, before, after."""
    rows = await owner.fetch("SELECT DISTINCT what, was, became FROM told_change WHERE NOT told ORDER BY 1, 2, 3")
    return [(row["what"], row["was"], row["became"]) for row in rows]


async def seen(owner: "asyncpg.Connection[Any]") -> set[tuple[str, str | None]]:
    """The changes that were told: what, and what it became; None for a new row."""
    rows = await owner.fetch("SELECT DISTINCT what, became FROM told_change WHERE told")
    return {(row["what"], row["became"]) for row in rows}

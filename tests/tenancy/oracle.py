"""Who may see what, said a second time and in another way: over rows in memory, without a line of the policies.

The database's answer is compared with this one. Where they differ, one of them is wrong.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from tenants.actor import Actor
from tenants.audience import Audience
from tenants.permissions import Role

Row = dict[str, Any]
Rule = Callable[["Oracle", Actor, Row], bool]


@dataclass
class Oracle:
    """All rows of a database by table and id, read once as the owner."""

    tables: dict[str, dict[UUID, Row]] = field(default_factory=dict)
    _seen: dict[tuple[Actor, str], frozenset[UUID]] = field(default_factory=dict)
    team_regions: frozenset[tuple[UUID, UUID]] = frozenset()
    """Team and region."""
    _merged: dict[UUID | None, frozenset[UUID | None]] = field(default_factory=dict)

    @classmethod
    async def read(cls, owner: "asyncpg.Connection[Any]", tables: Iterable[str]) -> "Oracle":
        oracle = cls()
        for table in tables:
            rows = await owner.fetch(f'SELECT * FROM "{table}"')
            oracle.tables[table] = {row["id"]: dict(row) for row in rows if "id" in row}
        pairs = await owner.fetch("SELECT team_id, region_id FROM team_region")
        oracle.team_regions = frozenset((pair["team_id"], pair["region_id"]) for pair in pairs)
        return oracle

    def visible(self, actor: Actor, table: str, id: UUID) -> bool:
        return id in self.seen(actor, table)

    def seen(self, actor: Actor, table: str) -> frozenset[UUID]:
        """Ids of all rows of a table that the actor may see."""
        if (actor, table) not in self._seen:
            rule = anybody if actor.audience is Audience.SYSTEM else RULES.get(table, {}).get(actor.audience, nobody)
            rows = self.tables[table].items()
            self._seen[actor, table] = frozenset(id for id, row in rows if rule(self, actor, row))
        return self._seen[actor, table]

    def regions_of(self, team_id: UUID) -> frozenset[UUID]:
        """The regions that a team works in."""
        return frozenset(region for team, region in self.team_regions if team == team_id)

    def merged_into(self, contact_id: UUID | None) -> frozenset[UUID | None]:
        """A contact and the duplicates that were merged into it."""
        if contact_id not in self._merged:
            contacts = self.tables["contact"].values()
            found = {c["id"] for c in contacts if c["merged_into_id"] and c["merged_into_id"] == contact_id}
            self._merged[contact_id] = frozenset({contact_id, *found})
        return self._merged[contact_id]


def of_entity(_: Oracle, actor: Actor, row: Row) -> bool:
    return row["entity_id"] in actor.entity_ids


def _entity_in(column: str) -> Rule:
    return lambda _, actor, row: row[column] in actor.entity_ids


def under(column: str) -> Rule:
    """The actor's organization, or one that was merged into it, stands in an array of organizations."""
    return lambda oracle, actor, row: (
        bool(oracle.merged_into(actor.organization_id) & set(row[column])) and of_entity(oracle, actor, row)
    )


def own(column: str) -> Rule:
    """The column names the actor's contact, or a duplicate that was merged into it."""
    return lambda oracle, actor, row: (
        row[column] in oracle.merged_into(actor.contact_id) and of_entity(oracle, actor, row)
    )


def sent(rule: Rule) -> Rule:
    return lambda oracle, actor, row: row["sent_at"] is not None and rule(oracle, actor, row)


def anybody(_: Oracle, __: Actor, ___: Row) -> bool:
    return True


def nobody(_: Oracle, __: Actor, ___: Row) -> bool:
    return False


def as_parent(table: str, column: str) -> Rule:
    return lambda oracle, actor, row: row[column] is not None and oracle.visible(actor, table, row[column])


def of_team_order(column: str, order_column: str) -> Rule:
    """Something an order of the actor's team points to."""

    def rule(oracle: Oracle, actor: Actor, row: Row) -> bool:
        orders = oracle.tables["order"]
        return any(orders[id][order_column] == row[column] for id in oracle.seen(actor, "order"))

    return rule


def _relation(oracle: Oracle, actor: Actor, row: Row) -> bool:
    return bool(set(row["entity_ids"]) & set(actor.entity_ids))


def _brought(oracle: Oracle, actor: Actor, row: Row) -> bool:
    return actor.organization_id in row["channel_organization_ids"] and _relation(oracle, actor, row)


def _own_contact(oracle: Oracle, actor: Actor, row: Row) -> bool:
    return row["id"] in oracle.merged_into(actor.contact_id)


def _in_channel(oracle: Oracle, actor: Actor, row: Row) -> bool:
    return actor.organization_id in row["channel_organization_ids"] and of_entity(oracle, actor, row)


def _asked_for(_: Oracle, actor: Actor, row: Row) -> bool:
    return row["user_id"] is not None and row["user_id"] == actor.user_id


def _either(one: Rule, other: Rule) -> Rule:
    return lambda oracle, actor, row: one(oracle, actor, row) or other(oracle, actor, row)


def _both(one: Rule, other: Rule) -> Rule:
    return lambda oracle, actor, row: one(oracle, actor, row) and other(oracle, actor, row)


def _public(rule: Rule) -> Rule:
    return lambda oracle, actor, row: not row["internal"] and rule(oracle, actor, row)


def _in_role(role: Role, rule: Rule) -> Rule:
    return lambda oracle, actor, row: actor.role is role and rule(oracle, actor, row)


def _below(oracle: Oracle, actor: Actor, row: Row) -> bool:
    organization = oracle.tables["contact"].get(row["organization_id"])
    return organization is not None and actor.organization_id in organization["chain_organization_ids"]


def _own_user(_: Oracle, actor: Actor, row: Row) -> bool:
    return bool(row["id"] == actor.user_id)


def _colleague(oracle: Oracle, actor: Actor, row: Row) -> bool:
    memberships = oracle.tables["membership"]
    colleagues = {memberships[id]["user_id"] for id in oracle.seen(actor, "membership")}
    return _own_user(oracle, actor, row) or row["id"] in colleagues


def _own_or_standard_list(oracle: Oracle, actor: Actor, row: Row) -> bool:
    return of_entity(oracle, actor, row) and row["partner_organization_id"] in (None, actor.organization_id)


def _standard_list(oracle: Oracle, actor: Actor, row: Row) -> bool:
    return of_entity(oracle, actor, row) and row["partner_organization_id"] is None


def _event_of(column: str, key: str) -> Rule:
    return _public(lambda oracle, actor, row: bool(oracle.merged_into(getattr(actor, key)) & set(row[column])))


def _visits_for(oracle: Oracle, actor: Actor, row: Row) -> bool:
    """The team makes a visit that the actor sees."""
    visits = oracle.tables["visit"]
    return any(visits[id]["team_id"] == row["id"] for id in oracle.seen(actor, "visit"))


def _of_own_organization(_: Oracle, actor: Actor, row: Row) -> bool:
    return row["organization_id"] is not None and row["organization_id"] == actor.organization_id


def _kept(rule: Rule) -> Rule:
    return lambda oracle, actor, row: row["deleted_at"] is None and rule(oracle, actor, row)


_WEBHOOKS = _in_role(Role.PARTNER_ADMIN, _both(of_entity, _of_own_organization))


def _to_the_user(_: Oracle, actor: Actor, row: Row) -> bool:
    return actor.user_id is not None and row["user_id"] == actor.user_id


def _of_the_beneficiary(oracle: Oracle, actor: Actor, row: Row) -> bool:
    """Its own: what is below or above it is not its business."""
    mine = oracle.merged_into(actor.organization_id)
    return row["beneficiary_contact_id"] in mine and of_entity(oracle, actor, row)


def _owner_seen(oracle: Oracle, actor: Actor, row: Row) -> bool:
    """It is of no owner, or of one of whom the actor sees a charger."""
    chargers = oracle.tables["charger"]
    return row["owner_contact_id"] is None or any(
        chargers[id]["owner_contact_id"] == row["owner_contact_id"] for id in oracle.seen(actor, "charger")
    )


def _published(oracle: Oracle, actor: Actor, row: Row) -> bool:
    return row["published_at"] is not None and of_entity(oracle, actor, row) and _owner_seen(oracle, actor, row)


def _published_version(oracle: Oracle, actor: Actor, row: Row) -> bool:
    return row["status"] == "PUBLISHED" and oracle.visible(actor, "tariff", row["tariff_id"])


def _assigned(oracle: Oracle, actor: Actor, row: Row) -> bool:
    at = row["charger_id"] is None or oracle.visible(actor, "charger", row["charger_id"])
    return at and oracle.visible(actor, "tariff", row["tariff_id"]) and _owner_seen(oracle, actor, row)


S, P, C, T = Audience.STAFF, Audience.PARTNER, Audience.CUSTOMER, Audience.TECHNICIAN
_CONTACT_CHILD = dict.fromkeys((S, P, C, T), as_parent("contact", "contact_id"))
_ORDER_CHILD = {S: of_entity} | dict.fromkeys((P, C, T), as_parent("order", "order_id"))
_OF_A_TEAM = {S: anybody, T: lambda _, actor, row: row["team_id"] == actor.team_id}
_OFFER = {S: of_entity, P: sent(under("channel_organization_ids")), C: sent(own("end_customer_contact_id"))}
_OF_A_BILLING = {S: of_entity} | dict.fromkeys((P, C), as_parent("session_billing", "billing_id"))
_BOUGHT = {S: of_entity, C: own("contact_id")}
_OF_A_CHARGER = {S: of_entity, P: _in_channel, C: own("owner_contact_id"), T: of_entity}

RULES: dict[str, dict[Audience, Rule]] = {
    "accounting_connection": {S: of_entity},
    "accounting_record": {S: of_entity},
    "accounting_reconciliation": {S: of_entity},
    "audit_file": {S: of_entity},
    "invoice": {S: of_entity, P: under("payer_chain_ids"), C: own("payer_contact_id")},
    "invoice_line": {S: of_entity, P: as_parent("invoice", "invoice_id"), C: as_parent("invoice", "invoice_id")},
    "session_billing": {
        S: of_entity,
        P: under("payer_chain_ids"),
        C: _either(own("payer_contact_id"), own("driver_contact_id")),
    },
    "id_token": {S: of_entity, C: own("contact_id")},
    "charging_session": {
        S: of_entity,
        P: _in_channel,
        C: _either(own("owner_contact_id"), own("driver_contact_id")),
    },
    "session_report": {S: of_entity},
    "session_hour": {S: of_entity, P: _in_channel, C: own("owner_contact_id")},
    "session_bill": _OF_A_BILLING,
    "session_bill_line": {S: of_entity} | dict.fromkeys((P, C), as_parent("session_bill", "bill_id")),
    "session_charge": _OF_A_BILLING,
    "session_revenue": {
        S: of_entity,
        P: _both(of_entity, lambda o, actor, row: row["owner_contact_id"] in o.merged_into(actor.organization_id)),
        C: own("owner_contact_id"),
    },
    "billing_part": {S: of_entity},
    "billing_profile": {S: of_entity},
    "invoice_run": {S: of_entity},
    "invoice_run_order": {S: of_entity},
    "payment": {S: of_entity, P: under("payer_chain_ids"), C: own("contact_id")},
    "payment_allocation": {S: of_entity, P: under("payer_chain_ids"), C: own("contact_id")},
    "payment_attempt": {S: of_entity},
    "payment_link": {S: of_entity, P: under("payer_chain_ids"), C: own("contact_id")},
    "payment_provider": {S: of_entity},
    "wallet": {S: of_entity, P: under("payer_chain_ids"), C: own("contact_id")},
    "wallet_movement": {S: of_entity, P: under("payer_chain_ids"), C: own("contact_id")},
    "ledger_account": {S: of_entity},
    "journal_entry": {S: of_entity},
    "journal_line": {S: of_entity},
    "intercompany_rate": {S: _either(_entity_in("seller_entity_id"), _entity_in("executing_entity_id"))},
    "business_entity": dict.fromkeys((S, P, C, T), lambda _, actor, row: row["id"] in actor.entity_ids),
    "brand": dict.fromkeys((S, P, C, T), of_entity),
    "brand_cobranding": dict.fromkeys((S, P, C), of_entity),
    "user_account": {S: _colleague, P: _colleague, C: _own_user, T: _own_user},
    "membership": {
        S: of_entity,
        P: _in_channel,
        C: lambda _, actor, row: row["user_id"] == actor.user_id,
        T: lambda _, actor, row: row["user_id"] == actor.user_id,
    },
    "invitation": {
        S: _in_role(Role.TENANT_ADMIN, of_entity),
        P: _in_role(Role.PARTNER_ADMIN, _both(of_entity, _below)),
    },
    "api_key": {S: _in_role(Role.TENANT_ADMIN, of_entity), P: _in_role(Role.PARTNER_ADMIN, _both(of_entity, _below))},
    "oauth_client": {
        S: _in_role(Role.TENANT_ADMIN, of_entity),
        P: _in_role(Role.PARTNER_ADMIN, _both(of_entity, _below)),
    },
    "document": {S: of_entity, P: under("payer_chain_ids"), C: own("contact_id")},
    "deprecated_use": {
        S: of_entity,
        P: _both(of_entity, lambda o, actor, row: row["organization_id"] in o.merged_into(actor.organization_id)),
        C: _both(of_entity, lambda _, actor, row: row["role"] == actor.role),
        T: _both(of_entity, lambda _, actor, row: row["role"] == actor.role),
    },
    "trusted_document": {
        S: _in_role(Role.TENANT_ADMIN, of_entity),
        P: _in_role(Role.PARTNER_ADMIN, _both(of_entity, _below)),
    },
    "identity_provider": {S: _in_role(Role.TENANT_ADMIN, of_entity)},
    "contact": {
        S: _relation,
        P: _brought,
        C: _own_contact,
        T: of_team_order("id", "end_customer_contact_id"),
    },
    "contact_relation": {
        S: of_entity,
        P: _both(of_entity, as_parent("contact", "contact_id")),
        C: _both(of_entity, as_parent("contact", "contact_id")),
    },
    "address": _CONTACT_CHILD,
    "organization_parent": dict.fromkeys(
        (S, P), _both(as_parent("contact", "organization_id"), as_parent("contact", "parent_id"))
    ),
    "contact_merge": {S: as_parent("contact", "winner_id")},
    "article": dict.fromkeys((S, P, C, T), of_entity),
    "price_list": {S: of_entity, P: _own_or_standard_list, C: _standard_list},
    "price": dict.fromkeys((S, P, C), as_parent("price_list", "price_list_id")),
    "partner_sku": {S: of_entity, P: _both(of_entity, as_parent("contact", "organization_id"))},
    "agreement": {S: of_entity, P: _both(of_entity, as_parent("contact", "organization_id"))},
    "commission_terms": {S: of_entity},
    "commission": {S: of_entity, P: _of_the_beneficiary},
    "commission_dispute": {S: of_entity, P: _of_the_beneficiary},
    "questionnaire": dict.fromkeys((S, P, C), of_entity),
    "routing_rule": {S: of_entity},
    "follow_up_step": dict.fromkeys((S, P, C), of_entity),
    "lead": {S: of_entity, P: _in_channel, C: own("contact_id")},
    "lead_follow_up": {S: of_entity} | dict.fromkeys((P, C), as_parent("lead", "lead_id")),
    "quote": _OFFER,
    "quote_version": _OFFER,
    "plan": {S: anybody},
    "plan_team_day": {S: anybody},
    "plan_visit": {S: of_entity},
    "disruption": {S: anybody},
    "disruption_visit": {S: of_entity},
    "disruption_offer": {S: of_entity},
    "outlook": {S: of_entity},
    "outlook_run": {S: anybody},
    "what_if": {S: of_entity},
    "quote_visit": _OFFER,
    "quote_party": {S: of_entity, P: sent(under("payer_chain_ids")), C: sent(own("contact_id"))},
    "line_item": {
        S: of_entity,
        P: sent(under("payer_chain_ids")),
        C: sent(own("payer_contact_id")),
        T: of_team_order("quote_version_id", "quote_version_id"),
    },
    "signature": {S: of_entity, P: under("party_chain_ids"), C: own("party_contact_id")},
    "order": {
        S: of_entity,
        P: under("channel_organization_ids"),
        C: own("end_customer_contact_id"),
        T: lambda _, actor, row: actor.team_id in row["team_ids"],
    },
    "order_milestone": _ORDER_CHILD,
    "region": {
        S: anybody,
        T: lambda oracle, actor, row: actor.team_id is not None and row["id"] in oracle.regions_of(actor.team_id),
    },
    "team_member": _OF_A_TEAM,
    "absence": _OF_A_TEAM,
    "holiday_change": {S: anybody, T: anybody},
    "team": {S: anybody, P: _visits_for, T: lambda _, actor, row: row["id"] == actor.team_id},
    "visit": {
        S: of_entity,
        P: under("channel_organization_ids"),
        C: own("end_customer_contact_id"),
        T: lambda _, actor, row: row["team_id"] == actor.team_id,
    },
    "slot_hold": {S: of_entity, P: under("channel_organization_ids"), C: own("end_customer_contact_id")},
    "partner_integration": {S: of_entity, P: _both(of_entity, _below)},
    "partner_signing_secret": {S: of_entity, P: _both(of_entity, _below)},
    "partner_order": {S: of_entity, P: _in_channel},
    "partner_order_exception": {S: of_entity, P: _in_channel},
    "partner_scorecard": {S: of_entity, P: _both(of_entity, _below)},
    "service_breach": {S: of_entity, P: _both(of_entity, _below)},
    "maintenance_window": dict.fromkeys((S, P), of_entity),
    "partner_ticket": {S: of_entity, P: _in_channel},
    "partner_ticket_message": {
        S: of_entity,
        P: _both(lambda _, __, row: not row["internal"], as_parent("partner_ticket", "ticket_id")),
    },
    "inbound_address": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "inbound_mail": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "email_order": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "onboarding_category": {S: of_entity},
    "partner_onboarding": {S: of_entity, P: _both(of_entity, _below)},
    "onboarding_step": {S: of_entity, P: _both(of_entity, _below)},
    "partner_task": {
        S: of_entity,
        P: _both(lambda _, __, row: row["owner"] == "PARTNER", _both(of_entity, _below)),
    },
    "partner_document": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "agreement_signature": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "sku_map_import": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "partner_price_rules": {S: of_entity},
    "mapped_webhook": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "mapped_webhook_version": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "inbound_message": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "order_form": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "bulk_operation": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "partner_sandbox": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "sandbox_run": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "sandbox_check": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "rehearsed_visit": {S: of_entity} | dict.fromkeys((P, C, T), as_parent("order", "order_id")),
    "request_log": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "request_hour": {S: of_entity, P: _both(of_entity, _of_own_organization)},
    "webhook_endpoint": {S: _kept(of_entity), P: _kept(_WEBHOOKS)},
    "webhook_replay": {S: of_entity, P: _WEBHOOKS},
    "webhook_delivery": {S: of_entity, P: _WEBHOOKS},
    "webhook_attempt": {S: of_entity, P: _WEBHOOKS},
    "job": {S: _either(_asked_for, _in_role(Role.TENANT_ADMIN, of_entity))} | dict.fromkeys((P, C, T), _asked_for),
    "failed_job": {S: _in_role(Role.TENANT_ADMIN, of_entity)},
    "notification": {
        S: _both(of_entity, _to_the_user),
        P: _both(of_entity, _to_the_user),
        C: own("contact_id"),
        T: _to_the_user,
    },
    "notification_delivery": {
        S: of_entity,
        P: _both(of_entity, _to_the_user),
        C: own("contact_id"),
        T: _to_the_user,
    },
    "notification_preference": {
        S: of_entity,
        P: _both(of_entity, _to_the_user),
        C: own("contact_id"),
        T: _both(of_entity, _to_the_user),
    },
    "notification_template": {S: of_entity},
    "mail_template": {S: of_entity},
    "bank_statement": {S: of_entity},
    "bank_transaction": {S: of_entity},
    "bank_match": {S: of_entity},
    "match_proposal": {S: of_entity},
    "mandate": {S: of_entity},
    "bank_file": {S: of_entity},
    "bank_file_line": {S: of_entity},
    "dunning_policy": {S: of_entity},
    "dunning_pause": {S: of_entity},
    "reminder": {S: of_entity},
    "account_statement": {S: of_entity},
    "charger": {
        S: of_entity,
        P: _in_channel,
        C: _either(own("owner_contact_id"), _both(of_entity, lambda _, __, row: row["access"] == "PUBLIC")),
        T: of_entity,
    },
    "connector": {S: of_entity, T: of_entity} | dict.fromkeys((P, C), as_parent("charger", "charger_id")),
    "device_credential": {S: of_entity},
    "device_command": _OF_A_CHARGER,
    "quarantined_message": {S: of_entity},
    "reading_correction": {S: as_parent("charger", "charger_id")},
    "charger_alert": _OF_A_CHARGER,
    "maintenance_task": _OF_A_CHARGER,
    "tariff": {S: of_entity, P: _published, C: _published},
    "tariff_version": {S: of_entity, P: _published_version, C: _published_version},
    "tariff_assignment": {S: of_entity, P: _assigned, C: _assigned},
    "charging_offer": {S: of_entity, C: lambda oracle, actor, row: row["active"] and of_entity(oracle, actor, row)},
    "plan_membership": _BOUGHT,
    "energy_pack": _BOUGHT,
    "charging_subscription": _BOUGHT,
    "benefit_use": _BOUGHT,
    "benefit_charge": _BOUGHT,
    "event": {
        S: of_entity,
        P: _both(of_entity, _event_of("channel_organization_ids", "organization_id")),
        C: _both(of_entity, _event_of("contact_ids", "contact_id")),
        T: _public(lambda _, actor, row: actor.team_id in row["team_ids"]),
    },
}
"""Rules by table and audience; a table or audience that is missing shows nothing."""

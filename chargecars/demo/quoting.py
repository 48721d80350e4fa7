"""Rows of quotes: versions with their lines, parties and visits, hashed and sealed as the services do it."""

from datetime import datetime
from typing import Any

from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from chargecars.demo.offers import Deal, asked, draw_offer
from chargecars.demo.people import PLATFORM, Person
from chargecars.demo.plan import QuotePlan
from chargecars.demo.signing import SignaturePlan, signature_of
from chargecars.demo.tenants import CONSENT
from chargecars.demo.timeline import Timeline
from chargecars.demo.world import World
from chargecars.demo.written import Version, WrittenQuote
from domain.events.record import Payload
from domain.quotes import document, events
from domain.quotes.models import PartyState, QuoteStatus
from domain.quotes.offer import Line, Party, PlannedVisit
from domain.quotes.versions import expiry
from domain.signatures.events import QuoteAcknowledged, QuoteDeclined, QuoteSigned
from domain.signatures.models import SignatureKind

_REASONS = (
    "De klant wil een andere laadpaal.",
    "De kabelroute is langer dan gedacht.",
    "Na overleg is een artikel toegevoegd.",
    "Aantallen aangepast op verzoek van de klant.",
)
_HAPPENED = {
    SignatureKind.SIGNED: QuoteSigned,
    SignatureKind.ACKNOWLEDGED: QuoteAcknowledged,
    SignatureKind.DECLINED: QuoteDeclined,
}


class QuoteWriter:
    """Writes the quotes of one chunk; collects what has to be signed."""

    def __init__(self, world: World, rows: Rows, draw: Draw) -> None:
        self._world, self._rows, self._draw = world, rows, draw
        self._timeline = Timeline(rows, draw)
        self.signatures: list[SignaturePlan] = []

    def write(self, plan: QuotePlan) -> WrittenQuote:
        """A quote with everything below it."""
        deal = Deal.of(plan, self._world.catalogs[plan.entity.id])
        quote = WrittenQuote(self._draw.id(plan.at), plan, deal, self._world.operations[plan.entity.id])
        quote.channel = list(deal.chain)
        self._tell(quote, events.QuoteCreated(plan.number, plan.lead_number), plan.at, quote.maker)
        for number in range(1, len(plan.lines) + 1):
            self._write_version(quote, number)
        self._write_quote(quote)
        self._tell_end(quote)
        return quote

    # --- versions -----------------------------------------------------------------------------------------------

    def _write_version(self, quote: WrittenQuote, number: int) -> None:
        """Write a version; once it is sent its parties act, and those who pay see the quote."""
        made_at, sent_at = quote.made_at(number), quote.sent_at(number)
        offer = draw_offer(self._draw, quote.deal, number, sent_at or made_at)
        if set(asked(offer)) != set(quote.plan.roles):
            raise ValueError(f"{quote.plan.number} asks {asked(offer)} to act, its plan says {quote.plan.roles}")
        version = Version(self._draw.id(made_at), number, offer, sent_at)
        reason = self._draw.one(_REASONS) if number > 1 else ""
        if reason:
            self._tell(quote, events.QuoteRevised(quote.plan.number, number, reason), made_at, quote.maker)
        seen_by: dict[str, Any] = {"channel_organization_ids": sorted({*quote.channel, *offer.payer_chain})}
        seen_by |= {"end_customer_contact_id": quote.deal.customer_id}
        self._write_version_row(quote, version, made_at, reason, seen_by)
        self._write_content(quote, version, made_at, seen_by)
        if number == 1 or sent_at:
            quote.pending = [str(role) for role in asked(offer)]
        if sent_at:
            quote.channel, quote.in_force = seen_by["channel_organization_ids"], version
            self._let_parties_act(quote, version)

    def _write_version_row(
        self, quote: WrittenQuote, version: Version, made_at: datetime, reason: str, seen_by: dict[str, Any]
    ) -> None:
        sealed = self._sealed(quote, version)
        self._rows.add(
            "quote_version",
            id=version.id,
            entity_id=quote.plan.entity.id,
            quote_id=quote.id,
            number=version.number,
            **seen_by,
            reason=reason,
            terms=quote.plan.entity.terms,
            consent_text=CONSENT,
            valid_days=version.offer.valid_days,
            payment_terms_days=version.offer.payment_terms_days,
            head=sealed.head if sealed else None,
            merkle_root=sealed.merkle_root if sealed else None,
            leaf_hashes=sealed.leaf_hashes if sealed else [],
            document_hash=sealed.document_hash if sealed else None,
            sent_at=version.sent_at,
            expires_at=version.expires_at,
            superseded_at=quote.sent_at(version.number + 1),
            created_at=made_at,
        )

    def _sealed(self, quote: WrittenQuote, version: Version) -> document.Sealed | None:
        if version.sent_at is None:
            return None
        entity, offer = quote.plan.entity, version.offer
        version.expires_at = expiry(version.sent_at, offer.valid_days)
        sealed = document.seal(
            document.Document(
                seller=document.Seller(entity.id, entity.legal_name, entity.kvk_number, entity.vat_number),
                number=quote.plan.number,
                version=version.number,
                end_customer_id=quote.deal.customer_id,
                service_address_id=quote.address_id,
                sent_at=version.sent_at,
                expires_at=version.expires_at,
                payment_terms_days=offer.payment_terms_days,
                terms=entity.terms,
                consent_text=CONSENT,
                supersedes=quote.in_force.document_hash if quote.in_force else None,
                lines=offer.lines,
                parties=offer.parties,
                visits=offer.visits,
            )
        )
        version.document_hash = sealed.document_hash
        return sealed

    def _write_content(self, quote: WrittenQuote, version: Version, at: datetime, seen_by: dict[str, Any]) -> None:
        of_version = {"entity_id": quote.plan.entity.id, "quote_version_id": version.id, "sent_at": version.sent_at}
        of_version |= {"created_at": at}
        for line in version.offer.lines:
            own = _columns(line) | {"technical_hash": document.technical_hash(line), "quote_id": quote.id}
            self._rows.add("line_item", id=self._draw.id(at), **own, **of_version)
        for visit in version.offer.visits:
            self._rows.add("quote_visit", id=self._draw.id(at), **_columns(visit), **seen_by, **of_version)
        acts = {act.role: act for act in quote.acts_on(version.number)}
        for party in version.offer.parties:
            id = quote.party_ids[version.number, party.role] = self._draw.id(at)
            own = _columns(party) | {"state": party.state, "acted_at": None, "quote_id": quote.id}
            if act := acts.get(party.role):
                own["state"] = PartyState.DECLINED if act.declined else PartyState.SIGNED
                own["acted_at"] = quote.plan.at + act.after
            self._rows.add("quote_party", id=id, **own, **of_version)

    # --- what parties did ---------------------------------------------------------------------------------------

    def _let_parties_act(self, quote: WrittenQuote, version: Version) -> None:
        self._tell_sent(quote, version)
        by_role = {party.role: party for party in version.offer.parties}
        for act in quote.acts_on(version.number):
            signature = signature_of(quote, version, by_role[act.role], act, self._draw)
            self.signatures.append(signature)
            quote.pending = [] if act.declined else [role for role in quote.pending if role != act.role]
            payload = _HAPPENED[signature.kind](quote.plan.number, version.number, act.role.value, quote.pending)
            self._tell(quote, payload, signature.at, signature.signer)

    def _tell_sent(self, quote: WrittenQuote, version: Version) -> None:
        assert version.sent_at, "a draft is not sent"
        assert version.document_hash, "a sent version is sealed"
        assert version.expires_at, "a sent version expires"
        document_hash, expires_at = version.document_hash.hex(), version.expires_at.isoformat()
        payload = events.QuoteSent(quote.plan.number, version.number, document_hash, expires_at, quote.pending)
        self._tell(quote, payload, version.sent_at, quote.maker)

    # --- the quote itself ---------------------------------------------------------------------------------------

    def _write_quote(self, quote: WrittenQuote) -> None:
        plan, deal, force = quote.plan, quote.deal, quote.in_force
        self._rows.add(
            "quote",
            id=quote.id,
            entity_id=plan.entity.id,
            number=plan.number,
            lead_id=plan.lead_id,
            account_contact_id=deal.account_id,
            end_customer_contact_id=deal.customer_id,
            account_chain_ids=deal.chain,
            channel_organization_ids=quote.channel,
            service_address_id=quote.address_id,
            status=plan.status,
            current_version=force.number if force else 1,
            pending_parties=[] if quote.is_closed else quote.pending,
            partner_order_id=plan.partner_order_id,
            partner_metadata=quote.metadata,
            sent_at=force.sent_at if force else None,
            expires_at=force.expires_at if force else None,
            closed_at=quote.closed_at,
            close_reason=quote.close_reason,
            version=1 + len(plan.course.sent) + len(plan.course.acts),
            created_at=plan.at,
            updated_at=quote.closed_at or plan.ended_at,
        )

    def _tell_end(self, quote: WrittenQuote) -> None:
        plan, closed_at, reason = quote.plan, quote.closed_at, quote.close_reason
        if closed_at is None:
            return
        if reason:
            withdrawn = events.QuoteWithdrawn if quote.in_force else events.DraftWithdrawn
            self._tell(quote, withdrawn(plan.number, reason), closed_at, quote.maker)
        elif plan.status is QuoteStatus.EXPIRED and quote.in_force:
            self._tell(quote, events.QuoteExpired(plan.number, quote.in_force.number), closed_at, PLATFORM)

    def _tell(self, quote: WrittenQuote, payload: Payload, at: datetime, by: Person) -> None:
        self._timeline.tell(
            payload,
            at,
            by,
            entity_id=quote.plan.entity.id,
            subject_id=quote.id,
            organization_ids=[quote.deal.account_id],
            channel=quote.channel,
            contact_ids=[quote.deal.customer_id],
        )


def _columns(part: Line | Party | PlannedVisit) -> dict[str, Any]:
    """The columns that a part fills by itself, under the names of its fields."""
    return {name: getattr(part, name) for name in part.__slots__}

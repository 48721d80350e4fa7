"""Places in a team's day that are held for a few minutes."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.quotes.models import OWN_CONTACT
from domain.visits.models import DayBlock
from tenants.base import Base, Identified, UUIDs, one_of, references
from tenants.rls import OF_THE_CHANNEL, OF_THE_ENTITY, Rule, protect


class SlotHold(Identified, Base):
    """That a visit holds a place of a team's day until a time; a visit holds one place at most.

    It counts while `expires_at` is ahead, whether or not it was swept. Team and times are its witness: they may change
    while it lives, day and block do not.
    """

    __tablename__ = "slot_hold"
    __table_args__ = (
        one_of("block", DayBlock),
        CheckConstraint("ends_at > starts_at", name="ends_at"),
        UniqueConstraint("visit_id"),
        Index("ix_slot_hold_day", "day"),
        Index("ix_slot_hold_team_day", "team_id", "day"),
        Index("ix_slot_hold_expires_at", "expires_at"),
        Index("ix_slot_hold_channel", "channel_organization_ids", postgresql_using="gin"),
    )

    entity_id: Mapped[UUID] = references("business_entity.id")
    visit_id: Mapped[UUID] = references("visit.id")
    channel_organization_ids: Mapped[UUIDs] = mapped_column(server_default=text("'{}'"))
    end_customer_contact_id: Mapped[UUID] = references("contact.id")
    held_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    day: Mapped[date] = mapped_column(Date)
    block: Mapped[str]
    team_id: Mapped[UUID] = references("team.id")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    renewed: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether its time was prolonged, which it is once."""


_OWN = f"end_customer_contact_id = {OWN_CONTACT} AND entity_id = ANY ({{entities}})"
_OF_PLANNING = ("team_id", "starts_at", "ends_at", "held_by")
protect(
    SlotHold,
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(OF_THE_CHANNEL, hidden=_OF_PLANNING),
    customer=Rule(_OWN, hidden=_OF_PLANNING),
    explain={
        "staff": "The visit is for one of the actor's business entities.",
        "partner": "The actor's organization was in the channel of the order.",
        "customer": "The visit is at the actor's.",
    },
)

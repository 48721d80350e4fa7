"""What happens to tariffs, and to what drivers buy beforehand. Who buys reads the payloads of that. Times: ISO 8601."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload


@dataclass(frozen=True)
class TariffEvent(Payload):
    subject_type = "Tariff"
    internal = True
    code: str


@dataclass(frozen=True)
class TariffCreated(TariffEvent):
    """There is a tariff; nothing of it is published yet."""

    type = "tariff.created"


@dataclass(frozen=True)
class TariffDrafted(TariffEvent):
    """The next version was written or changed; it holds nowhere yet."""

    type = "tariff.drafted"
    tariff_version: int


@dataclass(frozen=True)
class TariffPublished(TariffEvent):
    """A version holds from a moment on, where the tariff is assigned."""

    type = "tariff.published"
    tariff_version: int
    valid_from: str


@dataclass(frozen=True)
class TariffWithdrawn(TariffEvent):
    """A draft was given up, or a version taken back before it held."""

    type = "tariff.withdrawn"
    tariff_version: int


@dataclass(frozen=True)
class TariffAssigned(TariffEvent):
    """From a moment on it holds at a charger, at an owner's, or at all of the entity (both ids None)."""

    type = "tariff.assigned"
    charger_id: UUID | None
    owner_contact_id: UUID | None
    valid_from: str


@dataclass(frozen=True)
class TariffUnassigned(TariffEvent):
    """An assignment was ended or undone."""

    type = "tariff.unassigned"
    charger_id: UUID | None
    owner_contact_id: UUID | None
    undone: bool


@dataclass(frozen=True)
class OfferSaved(Payload):
    """A plan, pack or subscription is offered, or not any more; what was bought stays as it was."""

    type = "charging_offer.saved"
    subject_type = "ChargingOffer"
    internal = True
    code: str
    active: bool


@dataclass(frozen=True)
class PlanEvent(Payload):
    subject_type = "PlanMembership"
    code: str


@dataclass(frozen=True)
class PlanJoined(PlanEvent):
    """A driver pays for a plan from now on."""

    type = "plan.joined"


@dataclass(frozen=True)
class PlanLeft(PlanEvent):
    """It ends at a moment, which may be to come; None: it was taken back, and runs on."""

    type = "plan.left"
    until: str | None


@dataclass(frozen=True)
class PackEvent(Payload):
    subject_type = "EnergyPack"
    code: str
    energy_wh: int
    price_cents: int
    currency: str


@dataclass(frozen=True)
class PackBought(PackEvent):
    """Energy was bought beforehand."""

    type = "energy_pack.bought"


@dataclass(frozen=True)
class PackCancelled(PackEvent):
    """Given back unused."""

    type = "energy_pack.cancelled"


@dataclass(frozen=True)
class SubscriptionEvent(Payload):
    subject_type = "ChargingSubscription"
    code: str


@dataclass(frozen=True)
class SubscriptionStarted(SubscriptionEvent):
    """What is charged up to its cap is paid by the month from now on."""

    type = "charging_subscription.started"


@dataclass(frozen=True)
class SubscriptionEnded(SubscriptionEvent):
    """It ends at a moment, which may be to come; None: it was taken back, and runs on."""

    type = "charging_subscription.ended"
    until: str | None

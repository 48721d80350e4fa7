"""What the whole demo stands on: entities, catalogs, teams, partners, people. Everything else is made from it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from uuid import UUID

from chargecars.demo import articles, contacts, people, tenants
from chargecars.demo.articles import Catalog
from chargecars.demo.contacts import Partner
from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from chargecars.demo.figures import Figures
from chargecars.demo.intake import Intakes, add_intakes
from chargecars.demo.people import People, Person
from chargecars.demo.tenants import Entity, Team
from chargecars.demo.timeline import Timeline
from domain.contacts.events import OrganizationCreated
from domain.numbering.service import AMSTERDAM

HISTORY = timedelta(days=480)
"""How far back the first quote is."""
_FOUNDED = timedelta(days=950)
_CHANNEL = timedelta(days=900)


@dataclass(frozen=True)
class World:
    """Time ends for the demo at `now`, the midnight with which today began in Amsterdam."""

    today: date
    now: datetime
    entities: list[Entity]
    catalogs: dict[UUID, Catalog]
    teams: list[Team]
    partners: list[Partner]
    operations: dict[UUID, Person]
    """Who makes the quotes of an entity."""
    intakes: Intakes
    password_hash: str

    @property
    def since(self) -> datetime:
        """Before the first quote."""
        return self.now - HISTORY

    def draw(self, part: str) -> Draw:
        """A stream of choices of its own."""
        return Draw(f"{self.today} {part}")


def build(rows: Rows, figures: Figures, today: date, base_domain: str) -> World:
    """Draw the world and write its rows."""
    draw = Draw(f"{today} world")
    now = datetime.combine(today, time.min, AMSTERDAM).astimezone(UTC)
    founded, channel = now - _FOUNDED, now - _CHANNEL
    entities = tenants.add_entities(rows, draw, founded, base_domain)
    teams = tenants.add_teams(rows, draw, founded, today, max(1, ceil(figures.scale)))
    password_hash = people.password_hash(draw)
    staff = People(rows, draw, password_hash)
    operations = staff.add_staff(entities, teams, founded)
    partners = contacts.draw_partners(draw, figures, entities, channel)
    codes = {partner.code: partner.id for partner in partners}
    catalogs = {entity.id: articles.add_catalog(rows, draw, entity, codes, channel) for entity in entities}
    articles.add_partner_skus(rows, draw, entities[0], catalogs[entities[0].id], codes, channel)
    intakes = add_intakes(rows, draw, entities, channel)
    timeline = Timeline(rows, draw)
    for number, partner in enumerate(partners):
        contacts.add_partner(rows, draw, partner)
        staff.add_partner_people(partner, number)
        _tell(timeline, partner, operations)
    return World(today, now, entities, catalogs, teams, partners, operations, intakes, password_hash)


def _tell(timeline: Timeline, partner: Partner, operations: dict[UUID, Person]) -> None:
    entity = partner.entities[0]
    timeline.tell(
        OrganizationCreated("STAFF"),
        partner.at,
        operations[entity.id],
        entity_id=entity.id,
        subject_id=partner.id,
        organization_ids=[partner.id],
        channel=partner.chain,
        contact_ids=[partner.id],
    )

"""The catalog of the demo: every category, the articles the partner document names, a price list per entity."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from asyncpg import Range

from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from chargecars.demo.tenants import Entity


@dataclass(frozen=True)
class Item:
    """An article of one entity with its standard price, cents without VAT."""

    id: UUID
    sku: str
    name: str
    technical: str
    category: str
    unit: str
    price: int
    cost: int
    visit_kind: str | None
    minutes: int
    skills: tuple[str, ...]
    serial: bool
    outdoor: bool


@dataclass(frozen=True)
class Catalog:
    """What one entity sells, and what its partners with a list of their own pay."""

    items: dict[str, Item]
    """By SKU."""
    discounts: dict[UUID, int]
    """Percent below the standard price, by partner with a price list."""

    def price(self, item: Item, chain: list[UUID]) -> int:
        """Cents, from the list of the nearest partner in the chain, else the standard list."""
        percent = next((self.discounts[id] for id in reversed(chain) if id in self.discounts), 0)
        return reduced(item.price, percent)


def reduced(price: int, percent: int) -> int:
    return price * (100 - percent) // 100


_STATION, _CABLE, _POLE = "CHARGING_STATION", "CABLE_ACCESSORY", "MOUNTING_POLE"
_SERVICE, _METER, _SMART = "INSTALLATION_SERVICE", "METER_BOX_MODULE", "SMART_METER_OCPP"
_STATION_SKILL, _METER_SKILL = ("charging station",), ("meter box",)
_ARTICLES = (
    # SKU, name, technical description, category, unit, price, cost, visit, minutes, skills
    ("ALF-EVE-S-11KW", "Alfen Eve Single 11 kW", "3 × 16 A, type 2, RFID, OCPP 1.6", _STATION, 89900, 64500, "INSTALLATION", 60),
    ("ALF-EVE-D-22KW", "Alfen Eve Double 22 kW", "2 × 3 × 32 A, type 2, RFID, OCPP 1.6", _STATION, 189900, 141000, "INSTALLATION", 90),
    ("MYE-ZAPPI-7KW", "Myenergi Zappi 7 kW", "1 × 32 A, zonneladen, type 2", _STATION, 84900, 61900, "INSTALLATION", 60),
    ("ZAP-GO2-22KW", "Zaptec Go 2 22 kW", "3 × 32 A, type 2, 4G, MID", _STATION, 72900, 51500, "INSTALLATION", 60),
    ("ZAP-PRO-22KW", "Zaptec Pro 22 kW", "3 × 32 A, MID, load balancing", _STATION, 109900, 81200, "INSTALLATION", 75),
    ("RAT-IO7-11KW", "Ratio io7 11 kW", "3 × 16 A, type 2, kabel 5 m", _STATION, 64900, 46000, "INSTALLATION", 60),
    ("CAB-T2-7M", "Laadkabel type 2, 7 meter", "3 × 32 A, 7 m, IP55", _CABLE, 21900, 12400, None, 0),
    ("CAB-HOOK", "Kabelhouder", "Wandhouder voor type 2, RVS", _CABLE, 3900, 1700, None, 0),
    ("CAB-YMVK-5X6", "Grondkabel 5 × 6 mm², per meter", "YMvK-as 5 × 6 mm²", _CABLE, 895, 510, "INSTALLATION", 2),
    ("POL-STD-1", "Montagepaal enkel", "Verzinkt staal, betonvoet", _POLE, 19900, 11800, "INSTALLATION", 30),
    ("POL-DBL-2", "Montagepaal dubbel", "Verzinkt staal, betonvoet, twee stations", _POLE, 28900, 17200, "INSTALLATION", 40),
    ("INST-BASIC-1P", "Basisinstallatie 1 fase", "Tot 10 m kabel, 1 groep, aardlek type B", _SERVICE, 39900, 22500, "INSTALLATION", 120),
    ("INST-BASIC-3P", "Basisinstallatie 3 fasen", "Tot 10 m kabel, 3 fasen, aardlek type B", _SERVICE, 49900, 28800, "INSTALLATION", 150),
    ("SURV-HOME", "Schouw aan huis", "Beoordeling meterkast en kabeltracé", _SERVICE, 9500, 5500, "SURVEY", 45),
    ("MTR-3P-25A", "Meterkast verzwaring 3 × 25 A", "Hoofdschakelaar, 3 fasen, 8 groepen", _METER, 64900, 39900, "METER_BOX", 180),
    ("MTR-1P-40A", "Meterkast vervangen 1 × 40 A", "Hoofdschakelaar, 1 fase, 6 groepen", _METER, 47900, 28900, "METER_BOX", 150),
    ("MTR-RCD-B", "Aardlekschakelaar type B", "40 A, 30 mA, type B", _METER, 24900, 15800, "METER_BOX", 20),
    ("MTR-GRP-16A", "Extra groep 16 A", "Installatieautomaat B16, 1P+N", _METER, 8900, 4100, "METER_BOX", 15),
    ("MTR-GRP-3P", "Krachtgroep 3 × 16 A", "Installatieautomaat B16, 3P+N", _METER, 14900, 7600, "METER_BOX", 25),
    ("MTR-SPD-T2", "Overspanningsbeveiliging", "Type 2, 40 kA", _METER, 17900, 9900, "METER_BOX", 20),
    ("MTR-KWH-MID", "kWh-meter MID", "3 × 80 A, modbus", _METER, 18900, 11200, "METER_BOX", 20),
    ("LB-P1-MOD", "Load balancing module P1", "Slimme meter P1, RJ12", _SMART, 14900, 8900, "INSTALLATION", 20),
    ("RFID-SET-5", "Laadpassen, 5 stuks", "RFID, MIFARE DESFire", _SMART, 2900, 900, None, 0),
    ("OCPP-BACK-1Y", "OCPP-backoffice, 1 jaar", "OCPP 1.6J, verrekening", _SMART, 4800, 1900, None, 0),
)  # fmt: skip
_UNITS = {"CAB-YMVK-5X6": "meter", "SURV-HOME": "visit", "OCPP-BACK-1Y": "year"}
_DISCOUNTS = {"groendus": 6, "essent": 5, "50five": 3}
"""Partners with a price list of their own, percent below the standard one."""
_PARTNER_SKUS = {
    "groendus": {"GRO-ALFEN-11": "ALF-EVE-S-11KW", "GRO-INSTALL-1": "INST-BASIC-1P"},
    "essent": {"ESS-WALLBOX-22": "ALF-EVE-D-22KW"},
    "50five": {"50F-ZAPPI-7": "MYE-ZAPPI-7KW"},
}


def add_catalog(rows: Rows, draw: Draw, entity: Entity, partners: dict[str, UUID], since: datetime) -> Catalog:
    """Articles, the standard price list and, where partners have agreed on prices, their lists."""
    items = [_drawn(draw, entity, fields, since) for fields in _ARTICLES]
    if entity.wholesale:
        items = [replace(item, visit_kind=None, minutes=0, skills=()) for item in items if item.category != _SERVICE]
    for item in items:
        _add_article(rows, entity, item, since)
    _add_list(rows, draw, entity, None, f"Standaard {entity.name}", items, 0, since)
    discounts = {partners[code]: percent for code, percent in _DISCOUNTS.items()} if entity.requires_partner else {}
    for partner_id, percent in discounts.items():
        _add_list(rows, draw, entity, partner_id, f"Afspraak {percent} %", items, percent, since)
    return Catalog({item.sku: item for item in items}, discounts)


def _drawn(draw: Draw, entity: Entity, fields: tuple, since: datetime) -> Item:  # type: ignore[type-arg]  # a row of the table above
    sku, name, technical, category, price, cost, visit_kind, minutes = fields
    return Item(
        id=draw.id(since),
        sku=sku,
        name=name,
        technical=technical,
        category=category,
        unit=_UNITS.get(sku, "piece"),
        price=reduced(price, 15) if entity.wholesale else price,
        cost=cost,
        visit_kind=visit_kind,
        minutes=minutes,
        skills=_METER_SKILL if category == _METER else _STATION_SKILL if minutes else (),
        serial=category == _STATION,
        outdoor=category == _POLE,
    )


def _add_article(rows: Rows, entity: Entity, item: Item, since: datetime) -> None:
    rows.add(
        "article",
        id=item.id,
        entity_id=entity.id,
        sku=item.sku,
        name=item.name,
        description=item.name,
        technical_description=item.technical,
        category=item.category,
        unit=item.unit,
        unit_cost_cents=item.cost,
        serial_required=item.serial,
        batch_tracked=item.category in (_CABLE, _METER),
        outdoor=item.outdoor,
        skills=item.skills,
        install_minutes=item.minutes,
        visit_kind=item.visit_kind,
        created_at=since,
        updated_at=since,
    )


def _add_list(
    rows: Rows,
    draw: Draw,
    entity: Entity,
    partner_id: UUID | None,
    name: str,
    items: list[Item],
    percent: int,
    since: datetime,
) -> None:
    id = draw.id(since)
    owner = {"entity_id": entity.id, "partner_organization_id": partner_id}
    rows.add("price_list", id=id, **owner, name=name, created_at=since, updated_at=since)
    for item in items:
        rows.add(
            "price",
            id=draw.id(since),
            price_list_id=id,
            article_id=item.id,
            unit_price_cents=reduced(item.price, percent),
            valid=Range(since, None),
            created_at=since,
        )


def add_partner_skus(
    rows: Rows, draw: Draw, entity: Entity, catalog: Catalog, partners: dict[str, UUID], since: datetime
) -> None:
    """The SKU map of the partner document."""
    for code, skus in _PARTNER_SKUS.items():
        for partner_sku, sku in skus.items():
            rows.add(
                "partner_sku",
                id=draw.id(since),
                entity_id=entity.id,
                organization_id=partners[code],
                partner_sku=partner_sku,
                article_id=catalog.items[sku].id,
                quantity=Decimal(1),
                created_at=since,
                updated_at=since,
            )

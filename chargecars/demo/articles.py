"""The catalog of the demo: every category, the articles the partner document names, a price list per entity."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from asyncpg import Range

from chargecars.demo.bulk import Rows
from chargecars.demo.draw import Draw
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
    ("CAB-YMVK-5X6", "Grondkabel 5 × 6 mm², per meter", "YMvK-as 5 × 6 mm²", _CABLE, 895, 510, "INSTALLATION", 2),
    ("POL-STD-1", "Montagepaal enkel", "Verzinkt staal, betonvoet", _POLE, 19900, 11800, "INSTALLATION", 30),
    ("INST-BASIC-1P", "Basisinstallatie 1 fase", "Tot 10 m kabel, 1 groep, aardlek type B", _SERVICE, 39900, 22500, "INSTALLATION", 120),
    ("INST-BASIC-3P", "Basisinstallatie 3 fasen", "Tot 10 m kabel, 3 fasen, aardlek type B", _SERVICE, 49900, 28800, "INSTALLATION", 150),
    ("SURV-HOME", "Schouw aan huis", "Beoordeling meterkast en kabeltracé", _SERVICE, 9500, 5500, "SURVEY", 45),
    ("MTR-3P-25A", "Meterkast verzwaring 3 × 25 A", "Hoofdschakelaar, 3 fasen, 8 groepen", _METER, 64900, 39900, "METER_BOX", 180),
    ("MTR-RCD-B", "Aardlekschakelaar type B", "40 A, 30 mA, type B", _METER, 24900, 15800, "METER_BOX", 20),
    ("LB-P1-MOD", "Load balancing module P1", "Slimme meter P1, RJ12", _SMART, 14900, 8900, "INSTALLATION", 20),
    ("OCPP-BACK-1Y", "OCPP-backoffice, 1 jaar", "OCPP 1.6J, verrekening", _SMART, 4800, 1900, None, 0),
)  # fmt: skip
_UNITS = {"CAB-YMVK-5X6": "meter", "SURV-HOME": "visit", "OCPP-BACK-1Y": "year"}
_PARTNER_SKUS = {
    "groendus": {"GRO-ALFEN-11": "ALF-EVE-S-11KW", "GRO-INSTALL-1": "INST-BASIC-1P"},
    "essent": {"ESS-WALLBOX-22": "ALF-EVE-D-22KW"},
    "50five": {"50F-ZAPPI-7": "MYE-ZAPPI-7KW"},
}


def add_catalog(rows: Rows, draw: Draw, entities: list[Entity], since: datetime) -> dict[UUID, list[Item]]:
    """Articles and the standard price list of every entity, by entity id."""
    catalog = {}
    for entity in entities:
        price_list = draw.id(since)
        rows.add(
            "price_list",
            id=price_list,
            entity_id=entity.id,
            partner_organization_id=None,
            name=f"Standaard {entity.name}",
            created_at=since,
        )
        catalog[entity.id] = [_add_article(rows, draw, entity, price_list, fields, since) for fields in _ARTICLES]
    return catalog


def _add_article(rows: Rows, draw: Draw, entity: Entity, price_list: UUID, fields: tuple, since: datetime) -> Item:  # type: ignore[type-arg]  # a row of the table above
    sku, name, technical, category, price, cost, visit_kind, minutes = fields
    skills = _METER_SKILL if category == _METER else _STATION_SKILL if minutes else ()
    price = price * 85 // 100 if entity.wholesale else price
    unit, serial = _UNITS.get(sku, "piece"), category == _STATION
    item = Item(draw.id(since), sku, name, technical, category, unit, price, cost, visit_kind, minutes, skills, serial)
    rows.add(
        "article",
        id=item.id,
        entity_id=entity.id,
        sku=sku,
        name=name,
        description=name,
        technical_description=technical,
        category=category,
        specifications={},
        unit=unit,
        unit_cost_cents=cost,
        serial_required=serial,
        batch_tracked=category in (_CABLE, _METER),
        outdoor=category == _POLE,
        skills=list(skills),
        install_minutes=minutes,
        visit_kind=visit_kind,
        created_at=since,
    )
    rows.add(
        "price",
        id=draw.id(since),
        price_list_id=price_list,
        article_id=item.id,
        unit_price_cents=price,
        valid=Range(since, None),
        created_at=since,
    )
    return item


def add_partner_skus(
    rows: Rows, draw: Draw, entity: Entity, items: list[Item], partners: dict[str, UUID], since: datetime
) -> None:
    """The SKU map of the partner document."""
    by_sku = {item.sku: item.id for item in items}
    for code, skus in _PARTNER_SKUS.items():
        for partner_sku, sku in skus.items():
            rows.add(
                "partner_sku",
                id=draw.id(since),
                entity_id=entity.id,
                organization_id=partners[code],
                partner_sku=partner_sku,
                article_id=by_sku[sku],
                quantity=Decimal(1),
                created_at=since,
            )

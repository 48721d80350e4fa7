"""The standard chart of accounts that each entity has: decimal codes, names, and codes of the RGS.

RGS: Referentie GrootboekSchema 3.3, the reference chart of the Dutch tax authority, statistics and banks.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.ledger.models import AccountRole, AccountType


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the standard chart."""

    code: str
    role: AccountRole
    type: AccountType
    rgs_code: str
    name_nl: str
    name_en: str


_R, _T = AccountRole, AccountType

CHART: tuple[Account, ...] = (
    Account("0900", _R.RESULT, _T.EQUITY, "BEivOvw", "Onverdeeld resultaat", "Undistributed result"),
    Account("1000", _R.CASH, _T.ASSET, "BLimKasKas", "Kas", "Cash"),
    Account("1100", _R.BANK, _T.ASSET, "BLimBanRba", "Bank", "Bank"),
    Account("1190", _R.TRANSIT, _T.ASSET, "BLimKruSto", "Kruisposten", "Transfers in transit"),
    Account("1200", _R.PROVIDER_CLEARING, _T.ASSET, "BLimKruSto", "Betaalproviders onderweg", "Payment providers"),
    Account("1290", _R.SUSPENSE, _T.LIABILITY, "BSchTusTon", "Te matchen ontvangsten", "Unmatched receipts"),
    Account("1300", _R.RECEIVABLE, _T.ASSET, "BVorDebHad", "Debiteuren", "Trade receivables"),
    Account("1310", _R.UNBILLED, _T.ASSET, "BVorOvaNof", "Nog te factureren omzet", "Unbilled revenue"),
    Account("1350", _R.INTERCOMPANY_RECEIVABLE, _T.ASSET, "BVorVog", "Vorderingen op groep", "Due from group"),
    Account("1450", _R.INTERCOMPANY_PAYABLE, _T.LIABILITY, "BSchSag", "Schulden aan groep", "Due to group"),
    Account("1500", _R.VAT_STANDARD, _T.LIABILITY, "BSchBepBtwOla", "Btw hoog", "VAT at the standard rate"),
    Account("1510", _R.VAT_REDUCED, _T.LIABILITY, "BSchBepBtwOlv", "Btw laag", "VAT at the reduced rate"),
    Account("1520", _R.VAT_INPUT, _T.ASSET, "BSchBepBtwVoo", "Voorbelasting", "Input VAT"),
    Account("1600", _R.PAYABLE, _T.LIABILITY, "BSchCreHac", "Crediteuren", "Trade payables"),
    Account("1610", _R.COMMISSION_PAYABLE, _T.LIABILITY, "BSchCreHac", "Te betalen provisie", "Commission payable"),
    Account("1620", _R.COMMISSION_ACCRUED, _T.LIABILITY, "BSchOpaNtb", "Gereserveerde provisie", "Commission accrued"),
    Account("1700", _R.WALLET, _T.LIABILITY, "BSchOvsOvs", "Tegoeden van klanten", "Customer credit"),
    Account("1800", _R.DEFERRED_REVENUE, _T.LIABILITY, "BSchOpaVgo", "Vooruitgefactureerde omzet", "Deferred revenue"),
    Account("4300", _R.BAD_DEBT, _T.EXPENSE, "WBedVkkAdd", "Afboeking debiteuren", "Bad debt"),
    Account("4500", _R.PROVIDER_FEES, _T.EXPENSE, "WBedAdlBan", "Transactiekosten", "Payment fees"),
    Account("4990", _R.ROUNDING, _T.EXPENSE, "WBedAdlBet", "Betalingsverschillen", "Payment differences"),
    Account("7100", _R.COMMISSION_EXPENSE, _T.EXPENSE, "WBedVkk", "Provisie partners", "Partner commission"),
    Account("7200", _R.INTERCOMPANY_COST, _T.EXPENSE, "WKprKuwKuw", "Uitvoering door groep", "Work by the group"),
    Account("8000", _R.REVENUE_CHARGING_STATION, _T.REVENUE, "WOmzNohOlh", "Omzet laadpalen", "Charging stations"),
    Account("8010", _R.REVENUE_CABLE_ACCESSORY, _T.REVENUE, "WOmzNohOlh", "Omzet kabels", "Cables and accessories"),
    Account("8020", _R.REVENUE_MOUNTING_POLE, _T.REVENUE, "WOmzNohOlh", "Omzet montagepalen", "Mounting poles"),
    Account("8030", _R.REVENUE_INSTALLATION_SERVICE, _T.REVENUE, "WOmzNodOdh", "Omzet installatie", "Installation"),
    Account("8040", _R.REVENUE_METER_BOX_MODULE, _T.REVENUE, "WOmzNohOlh", "Omzet groepenkasten", "Meter boxes"),
    Account("8050", _R.REVENUE_SMART_METER_OCPP, _T.REVENUE, "WOmzNohOlh", "Omzet slimme meters", "Smart meters, OCPP"),
    Account("8060", _R.REVENUE_CHARGING, _T.REVENUE, "WOmzNohOlh", "Omzet laadsessies", "Charging sessions"),
    Account("8090", _R.REVENUE_OTHER, _T.REVENUE, "WOmzNoo", "Overige omzet", "Other revenue"),
    Account("8500", _R.INTERCOMPANY_REVENUE, _T.REVENUE, "WOmzGrp", "Omzet groep", "Revenue from the group"),
    Account("8900", _R.DUNNING_INCOME, _T.REVENUE, "WOvbOvoOvo", "Aanmaningskosten", "Dunning charges"),
)

_ENSURE = text("SELECT ensure_ledger_accounts(:entity_id)")


async def ensure_chart(session: AsyncSession, entity_id: UUID) -> None:
    """Add the accounts of the standard chart that the entity lacks; a trigger does it for each new entity."""
    await session.execute(_ENSURE, {"entity_id": entity_id})

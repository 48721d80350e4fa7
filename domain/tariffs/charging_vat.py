"""The VAT of charging a car.

Charging is one supply of goods: the electricity, and with it the use of the charger, its time, start fee and reserve,
whose rate follows (Directive 2006/112/EC art. 14 and 15(1); CJEU C-282/22, P. w W., 20 April 2023, points 31 to 38).
Electricity is in no table of reduced goods: the standard rate (Wet OB 1968 art. 9 lid 1). It is supplied where it is
used, that is at the charger (art. 39 of the Directive), wherever the driver lives, and it is no work on a building, so
the VAT of a session is never shifted to a contractor.
"""

from dataclasses import replace
from datetime import date, datetime

from domain.money import VatClass
from domain.numbering.service import AMSTERDAM
from domain.vat.models import VatTreatment
from domain.vat.rules import VatDecision, VatParty, decide

CATEGORY = "CHARGING"
_ANYBODY = VatParty("NL")


def charging_vat(
    on: date | datetime, payer: VatParty = _ANYBODY, *, seller_country: str = "NL", charger_country: str = "NL"
) -> VatDecision:
    """The VAT of a session by the day on which it ended (in Amsterdam)."""
    day = on.astimezone(AMSTERDAM).date() if isinstance(on, datetime) else on
    no_works = replace(payer, treatment=VatTreatment.AUTOMATIC.value)
    return decide(VatClass.STANDARD, CATEGORY, seller_country, no_works, day, supplied_in=charger_country)

"""LaderThuis: a consumer finds the portal, asks, answers, gets a quote, signs it, and there is an order."""

import pytest

from tests.flows.company import ADDRESS, Company, Customer
from tests.flows.signing import ORDER, amounts, look_at, sign, skus
from tests.flows.steps import Platform, new_address, this_year

pytestmark = pytest.mark.xdist_group("flow-laderthuis")


@pytest.fixture(scope="module")
async def laderthuis(platform: Platform) -> Company:
    company = await Company.found(platform, "LT", "LaderThuis")
    await company.sells_charging_stations()
    return company


@pytest.fixture
async def customer(laderthuis: Company) -> Customer:
    return await laderthuis.customer()


INTERESTS = {"productCategory": "CHARGING_STATION", "homeOwner": True, "carPower": "ELECTRIC", "car": "Kia EV6"}


async def test_from_a_visitor_to_an_order(laderthuis: Company) -> None:
    email = new_address("sanne")
    wish = {"name": "Sanne Bakker", "email": email, "phone": "0612345678", "address": ADDRESS, "interests": INTERESTS}
    taken = await laderthuis.visitor().mutate("submitLead", "receipt { number status } lead { id }", input=wish)
    number = taken["receipt"]["number"]
    assert (number, taken["lead"]) == (f"LT-L-{this_year()}-00001", None)
    sanne = await laderthuis.visitor().log_in_by_mail(email)
    [own] = await sanne.all("leads", "__typename id number status")
    assert (own["__typename"], own["number"]) == ("CustomerLead", number)
    assert own["status"] == "NEW"

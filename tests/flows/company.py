"""A business entity as its people make it through the API: portal, colleagues, catalog, partners, customers."""

from dataclasses import dataclass, field
from typing import Any

from tests.flows.steps import PASSWORD, Client, Platform, new_address, secret_in

ADDRESS = {"postalCode": "3861 AB", "houseNumber": "12", "street": "Dorpsstraat", "city": "Nijkerk"}
CONSENT = "Ik ga akkoord met mijn regels en de voorwaarden."
TERMS = "Levering en garantie volgens offerte."


@dataclass
class Company:
    """A business entity with its portal, its administrator and one of its people."""

    platform: Platform
    id: str
    code: str
    host: str
    admin: Client
    staff: Client
    articles: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def found(cls, platform: Platform, code: str, name: str, **more: Any) -> "Company":
        """By the platform administrator, who invites the first tenant administrator; that one invites the others."""
        host = f"{name.lower()}.localhost"
        given = registration(code, name, host) | more
        ours = await platform.administrator()
        made = await ours.mutate("createBusinessEntity", "businessEntity { id }", input=given)
        id = made["businessEntity"]["id"]
        admin = await invited(platform, ours, host, role="TENANT_ADMIN", entityId=id)
        staff = await invited(platform, admin, host, role="OPERATIONS")
        return cls(platform, id, code, host, admin, staff)

    def visitor(self) -> Client:
        """Somebody at the portal who has not logged in."""
        return self.platform.visitor(self.host)

    async def colleague(self, role: str) -> Client:
        return await invited(self.platform, self.admin, self.host, role=role)

    async def partner(self, name: str, parent: str | None = None, **more: Any) -> str:
        """A partner organization, below `parent` where given; its id."""
        given = {"entityId": self.id, "name": name, "parentId": parent, "partnerModel": "ENERGY", "address": ADDRESS}
        made = await self.staff.mutate("createOrganization", "organization { id }", input=given | more)
        return str(made["organization"]["id"])

    async def person_of(self, organization: str, role: str = "PARTNER_USER") -> Client:
        """Somebody who works for a partner."""
        return await invited(self.platform, self.admin, self.host, role=role, organizationId=organization)

    async def customer(self, name: str = "Klaas de Vries") -> "Customer":
        """A private person with an address, who logs in by a mailed code."""
        email = new_address()
        given = {"entityId": self.id, "name": name, "email": email, "address": ADDRESS}
        made = await self.staff.mutate("createContact", "contact { id }", input=given)
        client = await self.visitor().log_in_by_mail(email)
        return Customer(made["contact"]["id"], email, client)

    async def sells(self, name: str, sku: str, category: str, cents: int, **more: Any) -> str:
        """Put an article into the catalog, with its price in the standard list; its id."""
        given = {"entityId": self.id, "sku": sku, "name": name, "category": category} | more
        made = await self.admin.mutate("saveArticle", "article { id }", input=given)
        article = str(made["article"]["id"])
        listing = {"entityId": self.id, "name": "Standaard"}
        prices = await self.admin.mutate("savePriceList", "priceList { id }", input=listing)
        price = {"priceListId": prices["priceList"]["id"], "articleId": article, "unitPriceCents": str(cents)}
        await self.admin.mutate("setPrice", "price { id }", input=price)
        self.articles[sku] = article
        return article

    async def sells_charging_stations(self) -> None:
        """A station of 899.95 and its installation of 333.33, without VAT."""
        await self.sells(
            "Alfen Eve Single 11 kW",
            "ALF-EVE-S-11KW",
            "CHARGING_STATION",
            899_95,
            serialRequired=True,
            unitCostCents="50000",
            visitKind="INSTALLATION",
            installMinutes=90,
            skills=["EV"],
            technicalDescription="11 kW, driefasig",
        )
        await self.sells(
            "Basisinstallatie",
            "INST-BASIC-1P",
            "INSTALLATION_SERVICE",
            333_33,
            unitCostCents="20000",
            visitKind="INSTALLATION",
            installMinutes=60,
        )

    async def draft(self, *lines: dict[str, Any], **given: Any) -> str:
        """A quote by staff, not sent yet; a station and its installation unless said otherwise."""
        wanted = {"entityId": self.id, "lines": list(lines) or [STATION, INSTALLATION]} | given
        made = await self.staff.mutate("createQuote", "quote { id status }", input=wanted)
        assert made["quote"]["status"] == "DRAFT"
        return str(made["quote"]["id"])

    async def offer(self, *lines: dict[str, Any], **given: Any) -> str:
        """A quote that staff made and sent."""
        quote = await self.draft(*lines, **given)
        sent = await self.staff.mutate("sendQuote", "quote { status }", id=quote)
        assert sent["quote"]["status"] == "SENT"
        return quote


@dataclass
class Customer:
    """A customer's record, address and browser."""

    contact: str
    email: str
    client: Client


STATION: dict[str, Any] = {"sku": "ALF-EVE-S-11KW"}
INSTALLATION: dict[str, Any] = {"sku": "INST-BASIC-1P"}


def registration(code: str, name: str, host: str) -> dict[str, Any]:
    """What createBusinessEntity asks for."""
    return {
        "code": code,
        "invoicePrefix": code,
        "name": name,
        "legalName": f"{name} B.V.",
        "kvkNumber": "90000016",
        "vatNumber": "NL123456782B01",
        "iban": "NL91ABNA0417164300",
        "email": f"info@{name.lower()}.example",
        "phone": "0880000000",
        "street": "Laadplein",
        "houseNumber": "1",
        "postalCode": "3861 AA",
        "city": "Nijkerk",
        "brand": {
            "host": host,
            "name": name,
            "senderName": name,
            "senderEmail": f"post@{name.lower()}.example",
            "consentText": CONSENT,
            "terms": TERMS,
        },
    }


async def invited(platform: Platform, by: Client, host: str, **what: Any) -> Client:
    """Somebody new who was invited, accepted the mailed invitation and logged in."""
    email = new_address(what["role"].lower().replace("_", "-"))
    given = {"email": email, "name": what["role"].replace("_", " ").title()} | what
    await by.mutate("inviteUser", "invitation { open }", input=given)
    secret = secret_in(await platform.mail_to(email))
    somebody = platform.visitor(host)
    accepted = await somebody.mutate("acceptInvitation", "email", input={"token": secret, "password": PASSWORD})
    assert accepted["email"] == email
    return await somebody.log_in(email)

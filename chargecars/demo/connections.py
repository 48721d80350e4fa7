"""How Essent's messages, 50five's form and the mapping between are set up in the demo."""

from typing import Any

MAPPING: dict[str, Any] = {
    "fields": {
        "$.partner_order_id": "$.order.number",
        "$.customer.name": {"concat": ["$.klant.voornaam", "$.klant.achternaam"], "separator": " "},
        "$.customer.email": "$.klant.email",
        "$.customer.phone": "$.klant.telefoon",
        "$.customer.address.street": {"address": "$.adres", "part": "street"},
        "$.customer.address.house_number": {"address": "$.adres", "part": "house_number"},
        "$.customer.address.postal_code": "$.postcode",
        "$.customer.address.city": "$.plaats",
        "$.installation_preferences.preferred_date": {"date": "$.wens", "formats": ["dd-MM-yyyy", "iso"]},
        "$.installation_preferences.notes": "$.opmerking",
    },
    "products": [
        {
            "each": "$.regels[*]",
            "fields": {"partner_sku": "@.type", "quantity": {"number": "@.aantal", "decimal": ","}},
        }
    ],
}
WEBHOOK: dict[str, Any] = {
    "slug": "mijn-essent",
    "name": "Mijn Essent",
    "authentication": {"kind": "BEARER", "header": "authorization"},
}
FORM: dict[str, Any] = {
    "slug": "50five-bestellen",
    "title_nl": "Laadpaal bestellen",
    "title_en": "Order a charging station",
    "intro_nl": "Vul de gegevens van uw klant in. Wij nemen binnen een werkdag contact op.",
    "intro_en": "Fill in your customer's details. We will be in touch within a working day.",
    "products": [
        {
            "partner_sku": "50F-ZAPPI-7",
            "label": {"nl": "Zappi 7 kW met installatie", "en": "Zappi 7 kW with installation"},
            "most": 5,
            "chosen": 1,
        }
    ],
    "notify_emails": ["partner@50five.example"],
}

"""What customers and partners are told of a visit: proposed, booked, moved, on its way, called off."""

from dataclasses import replace

from domain.notifications.kinds import (
    ALTERNATIVES,
    ARRIVAL,
    FORMER,
    ORDER,
    REASON,
    TO_CONFIRM,
    VISIT,
    Category,
    Kind,
    RecipientRole,
    Variable,
    declare,
)
from domain.notifications.letters import both
from domain.notifications.models import Channel

_AT_NL = "{{ visit.day }}{% if visit.block %}, in de {{ visit.block }}{% endif %}"
_AT_EN = "{{ visit.day }}{% if visit.block %}, in the {{ visit.block }}{% endif %}"
_WAS_NL = "{% if visit.former_day %} van {{ visit.former_day }}{% endif %}"
_WAS_EN = "{% if visit.former_day %} of {{ visit.former_day }}{% endif %}"
_BY_NL = "{% if visit.team %} {{ visit.team }} komt bij u langs.{% endif %}"
_BY_EN = "{% if visit.team %} {{ visit.team }} will come to you.{% endif %}"
_FROM_NL = "{% if visit.arrival_from %} tussen {{ visit.arrival_from }} en {{ visit.arrival_until }}{% endif %}"
_FROM_EN = "{% if visit.arrival_from %} between {{ visit.arrival_from }} and {{ visit.arrival_until }}{% endif %}"
_WHY_NL = "{% if reason %} De reden: {{ reason }}{% endif %}"
_WHY_EN = "{% if reason %} The reason: {{ reason }}{% endif %}"
_CHANGE_NL = "Komt het toch niet uit? Kies een ander moment op {{ brand.portal }} of bel ons op {{ brand.phone }}."
_CHANGE_EN = (
    "Does it not suit you after all? Choose another time at {{ brand.portal }} or call us at {{ brand.phone }}."
)
_CONFIRM_NL = "Komt dit u uit? Bevestig het op {{ brand.portal }}, of kies daar een ander moment."
_CONFIRM_EN = "Does this suit you? Confirm it at {{ brand.portal }}, or choose another time there."
_REF_NL = "{% if order.partner_reference %} (uw nummer {{ order.partner_reference }}){% endif %}"
_REF_EN = "{% if order.partner_reference %} (your number {{ order.partner_reference }}){% endif %}"
_PLACED = tuple(replace(variable, optional=False) if variable.name == "visit.day" else variable for variable in VISIT)
_AT_ONCE = (Channel.PUSH, Channel.WHATSAPP, Channel.SMS, Channel.EMAIL)
"""For what is of use within hours."""


def _to_customer(
    name: str,
    description: str,
    nl: tuple[str, str, str],
    en: tuple[str, str, str],
    *more: Variable,
    channels: tuple[Channel, ...] = (Channel.EMAIL,),
    optional: bool = False,
    urgent: bool = False,
) -> None:
    """(subject, short form, what the mail says) per language."""
    variables = (*ORDER, *more)
    to, category = RecipientRole.CUSTOMER, Category.VISITS
    kind = Kind(name, description, to, category, "Visit", both(nl, en), variables, channels, optional, urgent)
    declare(kind)


def _to_partner(name: str, description: str, nl: tuple[str, str], en: tuple[str, str], *more: Variable) -> None:
    """(subject, sentence) per language; the short form is the sentence."""
    where_nl, where_en = "De opdracht staat op {{ brand.portal }}.", "The order is at {{ brand.portal }}."
    words = both((nl[0], nl[1], f"{nl[1]} {where_nl}"), (en[0], en[1], f"{en[1]} {where_en}"))
    declare(Kind(name, description, RecipientRole.PARTNER, Category.ORDERS, "Visit", words, (*ORDER, *more)))


_to_customer(
    "visit.planned",
    "The visit was given a day that the customer has yet to agree to.",
    (
        "Komt dit moment u uit? Opdracht {{ order.number }}",
        f"Wij willen voor opdracht {{{{ order.number }}}} langskomen op {_AT_NL}. Bevestig op {{{{ brand.portal }}}}.",
        f"Wij komen voor opdracht {{{{ order.number }}}} graag bij u langs op {_AT_NL}.{_BY_NL} {_CONFIRM_NL}",
    ),
    (
        "Does this time suit you? Order {{ order.number }}",
        f"We would like to come for order {{{{ order.number }}}} on {_AT_EN}. Confirm at {{{{ brand.portal }}}}.",
        f"We would like to visit you for order {{{{ order.number }}}} on {_AT_EN}.{_BY_EN} {_CONFIRM_EN}",
    ),
    *_PLACED,
)
_to_customer(
    "visit.booked",
    "A day was chosen for the visit and is agreed.",
    (
        "Uw afspraak voor opdracht {{ order.number }}",
        f"Uw afspraak voor opdracht {{{{ order.number }}}}: {_AT_NL}.",
        f"Uw afspraak voor opdracht {{{{ order.number }}}} staat vast: {_AT_NL}.{_BY_NL} {_CHANGE_NL}",
    ),
    (
        "Your appointment for order {{ order.number }}",
        f"Your appointment for order {{{{ order.number }}}}: {_AT_EN}.",
        f"Your appointment for order {{{{ order.number }}}} is fixed: {_AT_EN}.{_BY_EN} {_CHANGE_EN}",
    ),
    *_PLACED,
)
_to_customer(
    "visit.confirmed",
    "The customer agreed to the day that was proposed.",
    (
        "Bedankt: uw afspraak voor opdracht {{ order.number }} is bevestigd",
        f"Bevestigd: opdracht {{{{ order.number }}}}, {_AT_NL}.",
        f"Bedankt voor uw bevestiging. Wij komen voor opdracht {{{{ order.number }}}} op {_AT_NL}.{_BY_NL} "
        f"{_CHANGE_NL}",
    ),
    (
        "Thank you: your appointment for order {{ order.number }} is confirmed",
        f"Confirmed: order {{{{ order.number }}}}, {_AT_EN}.",
        f"Thank you for confirming. We come for order {{{{ order.number }}}} on {_AT_EN}.{_BY_EN} {_CHANGE_EN}",
    ),
    *_PLACED,
)
_to_customer(
    "visit.moved",
    "The visit has another day, or another part of it.",
    (
        "Uw afspraak voor opdracht {{ order.number }} is verplaatst",
        f"Uw afspraak voor opdracht {{{{ order.number }}}} is verplaatst naar {_AT_NL}.",
        f"Uw afspraak voor opdracht {{{{ order.number }}}} is verplaatst naar {_AT_NL}.{_BY_NL} "
        f"{{% if visit.to_confirm %}}{_CONFIRM_NL}{{% else %}}{_CHANGE_NL}{{% endif %}}",
    ),
    (
        "Your appointment for order {{ order.number }} was moved",
        f"Your appointment for order {{{{ order.number }}}} was moved to {_AT_EN}.",
        f"Your appointment for order {{{{ order.number }}}} was moved to {_AT_EN}.{_BY_EN} "
        f"{{% if visit.to_confirm %}}{_CONFIRM_EN}{{% else %}}{_CHANGE_EN}{{% endif %}}",
    ),
    *_PLACED,
    *TO_CONFIRM,
)
_to_customer(
    "visit.unplanned",
    "The visit lost its day; another one is yet to be found.",
    (
        "Uw afspraak voor opdracht {{ order.number }} gaat niet door",
        f"Uw afspraak{_WAS_NL} voor opdracht {{{{ order.number }}}} gaat niet door. "
        "Kies een ander moment op {{ brand.portal }}.",
        f"Uw afspraak{_WAS_NL} voor opdracht {{{{ order.number }}}} gaat niet door.{_WHY_NL} "
        "Kies een ander moment op {{ brand.portal }}, of wacht tot wij er een voorstellen.",
    ),
    (
        "Your appointment for order {{ order.number }} is off",
        f"Your appointment{_WAS_EN} for order {{{{ order.number }}}} is off. "
        "Choose another time at {{ brand.portal }}.",
        f"Your appointment{_WAS_EN} for order {{{{ order.number }}}} is off.{_WHY_EN} "
        "Choose another time at {{ brand.portal }}, or wait for us to propose one.",
    ),
    *FORMER,
    *REASON,
)
_to_customer(
    "visit.cancelled",
    "The visit was called off while its order goes on.",
    (
        "Een bezoek voor opdracht {{ order.number }} vervalt",
        "Een bezoek voor opdracht {{ order.number }} vervalt.",
        f"Een bezoek voor opdracht {{{{ order.number }}}} is niet meer nodig en vervalt.{_WHY_NL} "
        "Heeft u een vraag? Bel ons op {{ brand.phone }}.",
    ),
    (
        "A visit for order {{ order.number }} is called off",
        "A visit for order {{ order.number }} is called off.",
        f"A visit for order {{{{ order.number }}}} is no longer needed and is called off.{_WHY_EN} "
        "Do you have a question? Call us at {{ brand.phone }}.",
    ),
    *REASON,
)
_to_customer(
    "visit.alternatives",
    "The visit cannot be made when it was promised; other days are offered instead.",
    (
        "Wij kunnen uw afspraak voor opdracht {{ order.number }} niet nakomen",
        f"Wij kunnen helaas niet komen op de afspraak{_WAS_NL}. Kies een ander moment op {{{{ brand.portal }}}}.",
        f"Het spijt ons: wij kunnen uw afspraak{_WAS_NL} voor opdracht {{{{ order.number }}}} niet nakomen."
        "{% if alternative.first_day %} Wel kunnen wij komen op:\n\n"
        "- {{ alternative.first_day }}, in de {{ alternative.first_block }}"
        "{% if alternative.second_day %}\n- {{ alternative.second_day }}, in de {{ alternative.second_block }}"
        "{% endif %}"
        "{% if alternative.third_day %}\n- {{ alternative.third_day }}, in de {{ alternative.third_block }}"
        "{% endif %}\n\n"
        "{% else %} {% endif %}Kies een moment op {{ brand.portal }} of bel ons op {{ brand.phone }}.",
    ),
    (
        "We cannot keep your appointment for order {{ order.number }}",
        f"We are sorry: we cannot keep the appointment{_WAS_EN}. Choose another time at {{{{ brand.portal }}}}.",
        f"We are sorry: we cannot keep your appointment{_WAS_EN} for order {{{{ order.number }}}}."
        "{% if alternative.first_day %} We can come on:\n\n"
        "- {{ alternative.first_day }}, in the {{ alternative.first_block }}"
        "{% if alternative.second_day %}\n- {{ alternative.second_day }}, in the {{ alternative.second_block }}"
        "{% endif %}"
        "{% if alternative.third_day %}\n- {{ alternative.third_day }}, in the {{ alternative.third_block }}"
        "{% endif %}\n\n"
        "{% else %} {% endif %}Choose a time at {{ brand.portal }} or call us at {{ brand.phone }}.",
    ),
    *FORMER,
    *ALTERNATIVES,
    urgent=True,
)
_to_customer(
    "visit.arrival",
    "On the day: between which times the team arrives, and when that changes.",
    (
        f"Wij komen{_FROM_NL}",
        f"Wij verwachten op {{{{ visit.day }}}}{_FROM_NL} bij u te zijn.",
        f"Wij verwachten op {{{{ visit.day }}}}{_FROM_NL} bij u te zijn voor opdracht {{{{ order.number }}}}.{_BY_NL}",
    ),
    (
        f"We arrive{_FROM_EN}",
        f"We expect to be with you on {{{{ visit.day }}}}{_FROM_EN}.",
        f"We expect to be with you on {{{{ visit.day }}}}{_FROM_EN} for order {{{{ order.number }}}}.{_BY_EN}",
    ),
    *_PLACED,
    *ARRIVAL,
    channels=_AT_ONCE,
    optional=True,
)
_to_customer(
    "visit.en_route",
    "The team is on its way.",
    (
        "Wij zijn onderweg",
        f"Wij zijn naar u onderweg en verwachten{_FROM_NL} bij u te zijn.",
        f"Wij zijn naar u onderweg voor opdracht {{{{ order.number }}}} en verwachten{_FROM_NL} bij u te zijn.{_BY_NL}",
    ),
    (
        "We are on our way",
        f"We are on our way to you and expect to arrive{_FROM_EN}.",
        f"We are on our way to you for order {{{{ order.number }}}} and expect to arrive{_FROM_EN}.{_BY_EN}",
    ),
    *_PLACED,
    *ARRIVAL,
    channels=_AT_ONCE,
    optional=True,
    urgent=True,
)
_to_partner(
    "visit.moved.partner",
    "A visit of an order of the partner has another day, or another part of it.",
    (
        "Opdracht {{ order.number }} is verplaatst",
        f"Opdracht {{{{ order.number }}}}{_REF_NL} voor {{{{ order.customer }}}} is verplaatst naar {_AT_NL}"
        "{% if visit.team %}, door {{ visit.team }}{% endif %}.",
    ),
    (
        "Order {{ order.number }} was moved",
        f"Order {{{{ order.number }}}}{_REF_EN} for {{{{ order.customer }}}} was moved to {_AT_EN}"
        "{% if visit.team %}, by {{ visit.team }}{% endif %}.",
    ),
    *_PLACED,
)
_to_partner(
    "visit.unplanned.partner",
    "A visit of an order of the partner lost its day.",
    (
        "Opdracht {{ order.number }} wordt opnieuw gepland",
        f"De afspraak{_WAS_NL} voor opdracht {{{{ order.number }}}}{_REF_NL} gaat niet door; wij plannen haar opnieuw.",
    ),
    (
        "Order {{ order.number }} is planned anew",
        f"The appointment{_WAS_EN} for order {{{{ order.number }}}}{_REF_EN} is off; we plan it anew.",
    ),
    *FORMER,
)
_to_partner(
    "visit.cancelled.partner",
    "A visit of an order of the partner was called off while the order goes on.",
    (
        "Een bezoek voor opdracht {{ order.number }} vervalt",
        f"Een bezoek voor opdracht {{{{ order.number }}}}{_REF_NL} is niet meer nodig en vervalt.{_WHY_NL}",
    ),
    (
        "A visit for order {{ order.number }} is called off",
        f"A visit for order {{{{ order.number }}}}{_REF_EN} is no longer needed and is called off.{_WHY_EN}",
    ),
    *REASON,
)

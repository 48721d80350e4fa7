"""What customers are told."""

from domain.notifications.kinds import (
    ARRIVAL,
    ORDER,
    QUOTE,
    REASON,
    VISIT,
    Category,
    Kind,
    RecipientRole,
    Variable,
    VariableType,
    Words,
    declare,
)
from domain.notifications.letters import both
from domain.notifications.models import Channel, Language

_TO = RecipientRole.CUSTOMER
_QUOTES, _ORDERS, _REMINDERS = Category.QUOTES, Category.ORDERS, Category.REMINDERS
_WHEN_NL = "{% if visit.day %} op {{ visit.day }}{% if visit.block %}, in de {{ visit.block }}{% endif %}{% endif %}"
_WHEN_EN = "{% if visit.day %} on {{ visit.day }}{% if visit.block %}, in the {{ visit.block }}{% endif %}{% endif %}"
_BY_NL = "{% if visit.team %} {{ visit.team }} komt bij u langs.{% endif %}"
_BY_EN = "{% if visit.team %} {{ visit.team }} will come to you.{% endif %}"
_ARRIVAL_NL = (
    "{% if visit.arrival_from %} Wij verwachten tussen {{ visit.arrival_from }} en {{ visit.arrival_until }} te komen."
    "{% endif %}"
)
_ARRIVAL_EN = (
    "{% if visit.arrival_from %} We expect to arrive between {{ visit.arrival_from }} and {{ visit.arrival_until }}."
    "{% endif %}"
)
_WHY_NL = "{% if reason %} De reden: {{ reason }}{% endif %}"
_WHY_EN = "{% if reason %} The reason: {{ reason }}{% endif %}"

declare(
    Kind(
        "quote.sent",
        "A quote was sent: the customer can sign it.",
        _TO,
        _QUOTES,
        "Quote",
        both(
            (
                "Uw offerte {{ quote.number }} van {{ brand.name }}",
                "Uw offerte {{ quote.number }} staat klaar op {{ brand.portal }}.",
                "Uw offerte {{ quote.number }} staat voor u klaar. U bekijkt en ondertekent hem op {{ brand.portal }}."
                "{% if quote.expires_on %} Dat kan tot en met {{ quote.expires_on }}.{% endif %}",
            ),
            (
                "Your quote {{ quote.number }} from {{ brand.name }}",
                "Your quote {{ quote.number }} is ready at {{ brand.portal }}.",
                "Your quote {{ quote.number }} is ready. Read and sign it at {{ brand.portal }}."
                "{% if quote.expires_on %} You can do so until {{ quote.expires_on }}.{% endif %}",
            ),
        ),
        QUOTE,
    )
)
declare(
    Kind(
        "quote.signed",
        "The customer's signature was received.",
        _TO,
        _QUOTES,
        "Quote",
        both(
            (
                "Wij hebben uw handtekening onder offerte {{ quote.number }}",
                "Uw handtekening onder offerte {{ quote.number }} is ontvangen.",
                "Bedankt: uw handtekening onder offerte {{ quote.number }} is ontvangen. "
                "U vindt het ondertekende stuk op {{ brand.portal }}.",
            ),
            (
                "We have your signature on quote {{ quote.number }}",
                "Your signature on quote {{ quote.number }} has been received.",
                "Thank you: your signature on quote {{ quote.number }} has been received. "
                "You find the signed document at {{ brand.portal }}.",
            ),
        ),
        QUOTE,
        urgent=True,
    )
)
declare(
    Kind(
        "quote.reminder",
        "A quote has been waiting for the customer's signature for some days.",
        _TO,
        _REMINDERS,
        "Quote",
        both(
            (
                "Uw offerte {{ quote.number }} wacht op u",
                "Uw offerte {{ quote.number }} wacht nog op uw handtekening: {{ brand.portal }}.",
                "Uw offerte {{ quote.number }} wacht nog op uw handtekening. U vindt hem op {{ brand.portal }}. "
                "Heeft u een vraag? Bel ons op {{ brand.phone }}.",
            ),
            (
                "Your quote {{ quote.number }} is waiting for you",
                "Your quote {{ quote.number }} still waits for your signature: {{ brand.portal }}.",
                "Your quote {{ quote.number }} still waits for your signature. You find it at {{ brand.portal }}. "
                "Do you have a question? Call us at {{ brand.phone }}.",
            ),
        ),
        QUOTE,
        optional=True,
    )
)
declare(
    Kind(
        "quote.expiring",
        "A quote that the customer has not signed expires in a few days.",
        _TO,
        _REMINDERS,
        "Quote",
        both(
            (
                "Uw offerte {{ quote.number }} verloopt binnenkort",
                "Uw offerte {{ quote.number }} is geldig tot en met {{ quote.expires_on }}.",
                "Uw offerte {{ quote.number }} is nog geldig tot en met {{ quote.expires_on }}. "
                "U ondertekent hem op {{ brand.portal }}.",
            ),
            (
                "Your quote {{ quote.number }} expires soon",
                "Your quote {{ quote.number }} is valid until {{ quote.expires_on }}.",
                "Your quote {{ quote.number }} is valid until {{ quote.expires_on }}. Sign it at {{ brand.portal }}.",
            ),
        ),
        QUOTE,
        optional=True,
    )
)
declare(
    Kind(
        "quote.withdrawn",
        "A quote was withdrawn.",
        _TO,
        _QUOTES,
        "Quote",
        both(
            (
                "Offerte {{ quote.number }} is ingetrokken",
                "Offerte {{ quote.number }} is ingetrokken.",
                f"Offerte {{{{ quote.number }}}} is ingetrokken en kan niet meer worden ondertekend.{_WHY_NL}",
            ),
            (
                "Quote {{ quote.number }} was withdrawn",
                "Quote {{ quote.number }} was withdrawn.",
                f"Quote {{{{ quote.number }}}} was withdrawn and can no longer be signed.{_WHY_EN}",
            ),
        ),
        (*QUOTE, *REASON),
    )
)
declare(
    Kind(
        "quote.expired",
        "Nobody signed a quote in time.",
        _TO,
        _QUOTES,
        "Quote",
        both(
            (
                "Offerte {{ quote.number }} is verlopen",
                "Offerte {{ quote.number }} is verlopen.",
                "Offerte {{ quote.number }} is verlopen. Wilt u een nieuwe? Bel ons op {{ brand.phone }}.",
            ),
            (
                "Quote {{ quote.number }} has expired",
                "Quote {{ quote.number }} has expired.",
                "Quote {{ quote.number }} has expired. Would you like a new one? Call us at {{ brand.phone }}.",
            ),
        ),
        QUOTE,
        optional=True,
    )
)
declare(
    Kind(
        "order.received",
        "All parties agreed: the customer has an order.",
        _TO,
        _ORDERS,
        "Order",
        both(
            (
                "Uw opdracht {{ order.number }} is bevestigd",
                "Uw opdracht {{ order.number }} is bevestigd.",
                "Uw opdracht {{ order.number }} is bevestigd. Wij nemen contact op om een dag af te spreken. "
                "U volgt de voortgang op {{ brand.portal }}.",
            ),
            (
                "Your order {{ order.number }} is confirmed",
                "Your order {{ order.number }} is confirmed.",
                "Your order {{ order.number }} is confirmed. We will contact you to agree on a day. "
                "Follow its progress at {{ brand.portal }}.",
            ),
        ),
        ORDER,
        urgent=True,
    )
)
declare(
    Kind(
        "order.scheduled",
        "The work has a day and a team.",
        _TO,
        Category.VISITS,
        "Order",
        both(
            (
                "Uw afspraak voor opdracht {{ order.number }}",
                f"Uw opdracht {{{{ order.number }}}} is gepland{_WHEN_NL}.",
                f"Uw opdracht {{{{ order.number }}}} is gepland{_WHEN_NL}.{_BY_NL} "
                "Komt het niet uit? Bel ons op {{ brand.phone }}.",
            ),
            (
                "Your appointment for order {{ order.number }}",
                f"Your order {{{{ order.number }}}} is planned{_WHEN_EN}.",
                f"Your order {{{{ order.number }}}} is planned{_WHEN_EN}.{_BY_EN} "
                "Does it not suit you? Call us at {{ brand.phone }}.",
            ),
        ),
        (*ORDER, *VISIT),
    )
)
declare(
    Kind(
        "visit.reminder",
        "The team comes tomorrow.",
        _TO,
        _REMINDERS,
        "Visit",
        both(
            (
                "Morgen komen wij bij u langs",
                "Afspraak voor opdracht {{ order.number }}: {{ visit.day }}"
                "{% if visit.block %}, in de {{ visit.block }}{% endif %}.",
                f"Wij komen{_WHEN_NL} bij u langs voor opdracht {{{{ order.number }}}}.{_BY_NL}{_ARRIVAL_NL} "
                "Zorgt u dat de meterkast bereikbaar is? Bent u verhinderd? Bel ons op {{ brand.phone }}.",
            ),
            (
                "We will visit you tomorrow",
                "Appointment for order {{ order.number }}: {{ visit.day }}"
                "{% if visit.block %}, in the {{ visit.block }}{% endif %}.",
                f"We will visit you{_WHEN_EN} for order {{{{ order.number }}}}.{_BY_EN}{_ARRIVAL_EN} "
                "Please make sure that the meter box can be reached. Can you not be there? "
                "Call us at {{ brand.phone }}.",
            ),
        ),
        (*ORDER, *VISIT, *ARRIVAL),
        optional=True,
    )
)
declare(
    Kind(
        "order.completed",
        "The work is done.",
        _TO,
        _ORDERS,
        "Order",
        both(
            (
                "Uw opdracht {{ order.number }} is klaar",
                "Uw opdracht {{ order.number }} is klaar.",
                "Uw opdracht {{ order.number }} is afgerond. De stukken staan op {{ brand.portal }}. "
                "Bedankt voor uw vertrouwen.",
            ),
            (
                "Your order {{ order.number }} is done",
                "Your order {{ order.number }} is done.",
                "Your order {{ order.number }} is completed. The documents are at {{ brand.portal }}. "
                "Thank you for your trust.",
            ),
        ),
        ORDER,
    )
)
declare(
    Kind(
        "order.cancelled",
        "The order was cancelled.",
        _TO,
        _ORDERS,
        "Order",
        both(
            (
                "Uw opdracht {{ order.number }} is geannuleerd",
                "Uw opdracht {{ order.number }} is geannuleerd.",
                f"Uw opdracht {{{{ order.number }}}} is geannuleerd; geplande bezoeken gaan niet door.{_WHY_NL}",
            ),
            (
                "Your order {{ order.number }} was cancelled",
                "Your order {{ order.number }} was cancelled.",
                f"Your order {{{{ order.number }}}} was cancelled; planned visits do not take place.{_WHY_EN}",
            ),
        ),
        (*ORDER, *REASON),
        urgent=True,
    )
)
declare(
    Kind(
        "order.held",
        "The order is on hold.",
        _TO,
        _ORDERS,
        "Order",
        both(
            (
                "Uw opdracht {{ order.number }} wacht even",
                "Uw opdracht {{ order.number }} ligt voorlopig stil.",
                f"Uw opdracht {{{{ order.number }}}} ligt voorlopig stil.{_WHY_NL} "
                "U hoort van ons zodra wij verdergaan.",
            ),
            (
                "Your order {{ order.number }} is on hold",
                "Your order {{ order.number }} is on hold.",
                f"Your order {{{{ order.number }}}} is on hold.{_WHY_EN} We will tell you when we continue.",
            ),
        ),
        (*ORDER, *REASON),
    )
)
declare(
    Kind(
        "order.resumed",
        "The order is no longer on hold.",
        _TO,
        _ORDERS,
        "Order",
        both(
            (
                "Wij gaan verder met opdracht {{ order.number }}",
                "Wij gaan verder met uw opdracht {{ order.number }}.",
                "Wij gaan verder met uw opdracht {{ order.number }}. U volgt de voortgang op {{ brand.portal }}.",
            ),
            (
                "We continue with order {{ order.number }}",
                "We continue with your order {{ order.number }}.",
                "We continue with your order {{ order.number }}. Follow its progress at {{ brand.portal }}.",
            ),
        ),
        ORDER,
    )
)
declare(
    Kind(
        "lead.follow_up",
        "A step of the follow-up of a lead; its words are those of the step.",
        _TO,
        Category.FOLLOW_UPS,
        "Lead",
        dict.fromkeys(Language, Words("{{ step.subject }}", "{{ step.text }}", "{{ step.subject }}")),
        (
            Variable("step.subject", VariableType.TEXT, "Subject of the step.", "Uw aanvraag LT-L-2026-00007"),
            Variable("step.text", VariableType.TEXT, "Text of the step.", "Bedankt voor uw aanvraag."),
        ),
        channels=(Channel.EMAIL,),
        optional=True,
        in_app=False,
    )
)

"""The pages behind a payment link, as HTML: the looks of the brand, no script, nothing from another host."""

from html import escape
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from domain.entities import theme
from domain.errors import language_of
from domain.payments.models import AttemptStatus, Provider
from domain.payments.showing import Shown
from tenants.settings import Settings

_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
{refresh}<title>{title}</title>
<style>
  body {{ font: 16px/1.5 {font}; margin: 0; color: {ink}; background: {background} }}
  header {{ border-bottom: 3px solid {primary}; padding: 1rem; text-align: center; font-weight: bold }}
  main {{ max-width: 32rem; margin: 2rem auto; padding: 1.5rem; background: {surface}; border-radius: {radius} }}
  dl {{ display: grid; grid-template-columns: auto 1fr; gap: .3rem 1rem; margin: 0 0 1.5rem }}
  dd {{ margin: 0; text-align: right }}
  .amount {{ font-size: 1.5rem; font-weight: bold }}
  button {{ font: inherit; padding: .6rem 1.2rem; border: 0; border-radius: {radius}; margin: .2rem;
    background: {primary}; color: {on_primary}; cursor: pointer }}
  .test {{ background: #b00020; color: #fff; padding: .6rem 1rem; text-align: center; font-weight: bold }}
  fieldset {{ border: 1px solid #ccc; margin: 0 0 1rem }}
</style>
</head>
<body>
{banner}<header>{brand}</header>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
_WORDS = {
    "nl": {
        "pay": "Betalen",
        "to": "Aan",
        "invoice": "Factuur",
        "top_up": "Opwaarderen van uw tegoed",
        "amount": "Bedrag",
        "test": "TESTOMGEVING – er wordt niets afgeschreven",
        "again": "De vorige betaling is niet gelukt. U kunt het opnieuw proberen.",
        "pending": "Uw betaling wordt verwerkt",
        "pending_text": "Zodra de bank haar bevestigt, ziet u dat hier. U kunt deze pagina ook sluiten.",
        "paid": "Betaald",
        "paid_text": "Bedankt, er staat niets meer open.",
        "closed": "Niet geldig",
        "closed_text": "Deze betaallink is niet (meer) geldig.",
        "nobody": "Online betalen kan op dit moment niet. Maak het bedrag over, of probeer het later opnieuw.",
        "method": "Hoe wilt u betalen?",
        "outcome": "Wat moet er gebeuren?",
        "PAID": "Betaald",
        "FAILED": "Mislukt",
        "CANCELLED": "Geannuleerd",
        "card": "Kaart",
    },
    "en": {
        "pay": "Pay",
        "to": "To",
        "invoice": "Invoice",
        "top_up": "Topping up your credit",
        "amount": "Amount",
        "test": "TEST – no money is taken",
        "again": "The payment before did not succeed. You can try again.",
        "pending": "Your payment is being processed",
        "pending_text": "As soon as the bank confirms it you see that here. You can also close this page.",
        "paid": "Paid",
        "paid_text": "Thank you, nothing is open any more.",
        "closed": "Not valid",
        "closed_text": "This payment link is not valid (any more).",
        "nobody": "Paying online is not possible at the moment. Transfer the amount, or try again later.",
        "method": "How would you like to pay?",
        "outcome": "What shall happen?",
        "PAID": "Paid",
        "FAILED": "Failed",
        "CANCELLED": "Cancelled",
        "card": "Card",
    },
}
_FAILED = (AttemptStatus.FAILED, AttemptStatus.CANCELLED, AttemptStatus.EXPIRED)
_REFRESH = '<meta http-equiv="refresh" content="5">\n'
_USUAL = {Provider.MOLLIE: "mollie.com", Provider.STRIPE: "stripe.com"}


def pay_page(settings: Settings, shown: Shown) -> HTMLResponse:
    """What is asked, and the button that leads to the provider; or that nothing is asked any more."""
    words = _words(shown.language)
    if shown.paid:
        return _page(shown, words["paid"], f"<p>{words['paid_text']}</p>")
    if not shown.payable:
        return closed_page(shown.language)
    if shown.account is None:
        return _page(shown, words["pay"], _facts(shown, words) + f"<p>{words['nobody']}</p>", status=503)
    again = f"<p>{words['again']}</p>" if shown.last in _FAILED else ""
    form = f'<form method="post"><button>{words["pay"]}</button></form>'
    forms = _forms(settings, shown.account.provider)
    return _page(shown, words["pay"], again + _facts(shown, words) + form, forms=forms)


def waiting_page(shown: Shown) -> HTMLResponse:
    """After the payer came back, while nobody knows yet; asks again by itself."""
    words = _words(shown.language)
    body = _facts(shown, words) + f"<p>{words['pending_text']}</p>"
    return _page(shown, words["pending"], body, refresh=True)


def unavailable_page(shown: Shown) -> HTMLResponse:
    """The provider does not answer, or refuses."""
    words = _words(shown.language)
    return _page(shown, words["pay"], _facts(shown, words) + f"<p>{words['nobody']}</p>", status=503)


def test_page(shown: Shown) -> HTMLResponse:
    """The local provider's: how to pay, and what shall come of it."""
    words = _words(shown.language)
    ways = "".join(
        f'<label><input type="radio" name="method" value="{value}"{checked}> {name}</label> '
        for value, name, checked in (("IDEAL", "iDEAL", " checked"), ("CARD", words["card"], ""))
    )
    ends = "".join(
        f'<button name="outcome" value="{outcome}">{words[outcome]}</button>'
        for outcome in ("PAID", "FAILED", "CANCELLED")
    )
    form = (
        f'<form method="post"><fieldset><legend>{words["method"]}</legend>{ways}</fieldset>'
        f"<fieldset><legend>{words['outcome']}</legend>{ends}</fieldset></form>"
    )
    return _page(shown, words["pay"], _facts(shown, words) + form)


def closed_page(language: str, status: int = 410) -> HTMLResponse:
    """No link of ours, or one that is over: the same page for both but for the status."""
    words = _words(language)
    return _answer(
        words["closed"], f"<p>{words['closed_text']}</p>", brand="", looks={}, language=language, status=status
    )


def _words(language: str) -> dict[str, str]:
    return _WORDS[language_of(language)]


def _facts(shown: Shown, words: dict[str, str]) -> str:
    what = f"<dt>{words['invoice']}</dt><dd>{escape(shown.invoice_number)}</dd>" if shown.invoice_number else ""
    top_up = "" if shown.invoice_number else f"<p>{words['top_up']}</p>"
    amount = escape(shown.amount.format(language_of(shown.language)))
    return (
        f"{top_up}<dl><dt>{words['to']}</dt><dd>{escape(shown.seller)}</dd>{what}"
        f'<dt>{words["amount"]}</dt><dd class="amount">{amount}</dd></dl>'
    )


def _forms(settings: Settings, provider: Provider) -> str:
    """Where the page's form may lead to: browsers hold the redirect to the provider to it as well."""
    if provider is Provider.LOCAL:
        return "'self'"
    base = settings.mollie_url if provider is Provider.MOLLIE else settings.stripe_url
    host = urlsplit(base).hostname or ""
    domain = _USUAL[provider]
    if host == domain or host.endswith(f".{domain}"):
        return f"'self' https://{domain} https://*.{domain}"
    return f"'self' {urlsplit(base).scheme}://{urlsplit(base).netloc}"


def _page(shown: Shown, title: str, body: str, **options: Any) -> HTMLResponse:
    local = shown.account is not None and shown.account.provider is Provider.LOCAL
    banner = f'<div class="test">{_words(shown.language)["test"]}</div>\n' if local else ""
    return _answer(
        title,
        body,
        brand=escape(shown.brand),
        looks=theme.safe(shown.theme),
        language=shown.language,
        banner=banner,
        **options,
    )


def _answer(
    title: str,
    body: str,
    *,
    brand: str,
    looks: dict[str, str],
    language: str,
    status: int = 200,
    banner: str = "",
    refresh: bool = False,
    forms: str = "'self'",
) -> HTMLResponse:
    page = _PAGE.format(
        language=language_of(language),
        title=title,
        body=body,
        brand=brand,
        banner=banner,
        refresh=_REFRESH if refresh else "",
        font=looks.get("fontFamily", "system-ui, sans-serif"),
        ink=looks.get("colorText", "#222"),
        background=looks.get("colorBackground", "#f6f6f6"),
        surface=looks.get("colorSurface", "#fff"),
        primary=looks.get("colorPrimary", "#0a5"),
        on_primary=looks.get("colorOnPrimary", "#fff"),
        radius=looks.get("radius", "6px"),
    )
    return HTMLResponse(page, status, _headers(forms))


def _headers(forms: str) -> dict[str, str]:
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
        f"form-action {forms}; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }

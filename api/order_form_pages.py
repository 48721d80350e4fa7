"""The pages of hosted forms: the brand's looks with the partner's over them, no script, nothing of another host."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from domain.errors import DomainError, language_of
from domain.ways_in.fields import FieldKind
from domain.ways_in.filling import Shown, name_of, quantity_name

TRAP = "website"
"""An input that people do not see; what fills it in is no person."""
_TEMPLATE = """<!doctype html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{% if faults %}{{ w.error }}: {% endif %}{{ title }} – {{ brand }}</title>
<style>
  * { box-sizing: border-box }
  body { font: {{ looks.fontSize }}/1.5 {{ looks.fontFamily }}; margin: 0;
    color: {{ looks.colorText }}; background: {{ looks.colorBackground }} }
  header { border-bottom: 3px solid {{ looks.colorPrimary }}; padding: 1rem; text-align: center }
  header img { height: {{ looks.logoHeight }}; vertical-align: middle }
  h1, legend { font-family: {{ looks.headingFontFamily }} }
  main { max-width: 40rem; margin: 2rem auto; padding: 1.5rem; background: {{ looks.colorSurface }};
    border-radius: {{ looks.radius }} }
  fieldset { border: 0; margin: 0 0 1.5rem; padding: 0 }
  legend { font-size: 1.2rem; font-weight: bold; padding: 0; margin-bottom: .5rem }
  .field { margin: 0 0 1rem }
  label { display: block; font-weight: 600 }
  input, select, textarea { font: inherit; color: inherit; width: 100%; padding: .5rem; background: #fff;
    border: 1px solid {{ looks.colorBorder }}; border-radius: {{ looks.radius }} }
  input[type=number] { width: 6rem }
  :focus-visible { outline: 3px solid {{ looks.colorAccent }}; outline-offset: 2px }
  .hint { font-size: .9rem }
  .fault { color: {{ looks.colorDanger }}; font-weight: 600 }
  [aria-invalid=true] { border-color: {{ looks.colorDanger }}; border-width: 2px }
  .summary { border: 2px solid {{ looks.colorDanger }}; padding: 1rem; margin-bottom: 1.5rem }
  .trap { position: absolute; left: -10000px }
  button { font: inherit; font-weight: 600; padding: .7rem 1.4rem; border: 0; cursor: pointer;
    border-radius: {{ looks.radius }};
    background: {{ looks.colorPrimary }}; color: {{ looks.colorOnPrimary }} }
  dl { display: grid; grid-template-columns: auto 1fr; gap: .3rem 1rem }
  dd { margin: 0 }
  nav { text-align: right; font-size: .9rem }
</style>
</head>
<body>
<header>{% if logo %}<img src="{{ logo }}" alt="{{ partner }}">{% else %}<strong>{{ partner }}</strong>{% endif %}
</header>
<main>
{{ body }}
</main>
</body>
</html>
"""
_FORM = """<nav><a href="{{ other_url }}" lang="{{ other }}" hreflang="{{ other }}">{{ w.other }}</a></nav>
<h1>{{ title }}</h1>
{% if intro %}<p>{{ intro }}</p>{% endif %}
{% if faults %}<div class="summary" role="alert" tabindex="-1" id="summary"><p><strong>{{ w.summary }}</strong></p><ul>
{% for name, words in faults.items() %}
<li>{% if name %}<a href="#{{ name }}">{{ labels.get(name, name) }}</a>: {% endif %}
{{ words }}</li>
{% endfor %}</ul></div>{% endif %}
<form method="post" action="{{ action }}" novalidate autocomplete="off">
<input type="hidden" name="ticket" value="{{ ticket }}">
<div class="trap" aria-hidden="true"><label for="{{ trap }}">{{ w.trap }}</label>
<input id="{{ trap }}" name="{{ trap }}" tabindex="-1"></div>
<fieldset><legend>{{ w.details }}</legend>
{% for f in inputs %}<div class="field"><label for="{{ f.name }}">{{ f.label }}
{% if not f.required %}<span class="hint">({{ w.optional }})</span>{% endif %}</label>
{% if f.help %}<p class="hint" id="{{ f.name }}-help">{{ f.help }}</p>{% endif %}
{% if f.fault %}<p class="fault" id="{{ f.name }}-fault">{{ f.fault }}</p>{% endif %}
{% if f.kind == "MULTILINE" %}
<textarea id="{{ f.name }}" name="{{ f.name }}" rows="4" {{ f.attributes }}>{{ f.value }}</textarea>
{% elif f.kind == "CHOICE" %}
<select id="{{ f.name }}" name="{{ f.name }}" {{ f.attributes }}><option value=""></option>
{% for value, label in f.choices %}
<option value="{{ value }}"{% if value == f.value %} selected{% endif %}>{{ label }}</option>
{% endfor %}</select>
{% else %}
<input id="{{ f.name }}" name="{{ f.name }}" type="{{ f.type }}" value="{{ f.value }}" {{ f.attributes }}>
{% endif %}
</div>
{% endfor %}</fieldset>
<fieldset><legend>{{ w.products }}</legend>
{% for p in products %}<div class="field"><label for="{{ p.name }}">{{ p.label }}</label>
{% if p.fault %}<p class="fault" id="{{ p.name }}-fault">{{ p.fault }}</p>{% endif %}
<input id="{{ p.name }}" name="{{ p.name }}" type="number" inputmode="numeric" min="0" max="{{ p.most }}"
value="{{ p.value }}" {{ p.attributes }}>
</div>
{% endfor %}</fieldset>
<button>{{ w.send }}</button>
</form>
"""
_RECEIVED = """<h1>{{ w.received }}</h1>
<p role="status">{{ w.repeated if told.repeated else w.thanks }}</p>
<dl><dt>{{ w.your_number }}</dt><dd>{{ told.partner_order_id }}</dd>
{% if told.number %}<dt>{{ w.our_number }}</dt><dd>{{ told.number }}</dd>{% endif %}</dl>
{% if told.issues %}<p>{{ w.attention }}</p>
<ul>{% for issue in told.issues %}<li>{{ issue }}</li>{% endfor %}</ul>{% endif %}
<p><a href="{{ again }}">{{ w.another }}</a></p>
"""
_CLOSED = """<h1>{{ w.closed }}</h1><p>{{ w.closed_text }}</p>"""
_BUSY = """<h1>{{ w.busy }}</h1><p>{{ w.busy_text }}</p>"""
_ENVIRONMENT = Environment(autoescape=True, undefined=StrictUndefined)
_PAGES = {
    name: _ENVIRONMENT.from_string(text)
    for name, text in {
        "page": _TEMPLATE,
        "form": _FORM,
        "received": _RECEIVED,
        "closed": _CLOSED,
        "busy": _BUSY,
    }.items()
}
_LOOKS = {
    "fontSize": "16px",
    "fontFamily": "system-ui, sans-serif",
    "headingFontFamily": "inherit",
    "colorText": "#222",
    "colorBackground": "#f6f6f6",
    "colorSurface": "#fff",
    "colorPrimary": "#00663d",
    "colorOnPrimary": "#fff",
    "colorBorder": "#767676",
    "colorAccent": "#0b57d0",
    "colorDanger": "#b00020",
    "radius": "6px",
    "logoHeight": "40px",
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_TYPES = {FieldKind.EMAIL: "email", FieldKind.PHONE: "tel", FieldKind.DATE: "date"}
_WORDS: dict[str, dict[str, str]] = {
    "nl": {
        "error": "Fout",
        "other": "English",
        "summary": "Er is nog niets verstuurd. Verbeter eerst dit:",
        "details": "Gegevens",
        "products": "Producten",
        "optional": "niet verplicht",
        "send": "Bestelling versturen",
        "trap": "Laat dit veld leeg",
        "received": "Bestelling ontvangen",
        "thanks": "Wij hebben de bestelling ontvangen. U kunt deze pagina sluiten.",
        "repeated": "Deze bestelling hadden wij al ontvangen; er is geen tweede gemaakt.",
        "your_number": "Uw nummer",
        "our_number": "Ons nummer",
        "attention": "Dit vraagt nog aandacht; de bestelling blijft staan:",
        "another": "Nog een bestelling invullen",
        "closed": "Niet geldig",
        "closed_text": "Dit formulier is niet (meer) geldig. Vraag een nieuwe link.",
        "busy": "Even geduld",
        "busy_text": "Er is te vaak achter elkaar verstuurd. Probeer het over een minuut opnieuw.",
        "stale": "De pagina heeft te lang opengestaan. Controleer de gegevens en verstuur opnieuw.",
    },
    "en": {
        "error": "Error",
        "other": "Nederlands",
        "summary": "Nothing was sent yet. Please correct this first:",
        "details": "Details",
        "products": "Products",
        "optional": "optional",
        "send": "Send the order",
        "trap": "Leave this empty",
        "received": "Order received",
        "thanks": "We received the order. You can close this page.",
        "repeated": "We had received this order already; no second one was made.",
        "your_number": "Your number",
        "our_number": "Our number",
        "attention": "This needs attention; the order stands all the same:",
        "another": "Fill in another order",
        "closed": "Not valid",
        "closed_text": "This form is not valid (any more). Ask for a new link.",
        "busy": "One moment",
        "busy_text": "Too much was sent in a row. Try again in a minute.",
        "stale": "The page was open for too long. Check the details and send again.",
    },
}


def form_page(
    form: Shown,
    *,
    language: str,
    secret: str,
    ticket: str,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, DomainError | str] | None = None,
) -> HTMLResponse:
    """The form, with what was typed and what is wrong with it beside each field; 422 where something is."""
    words = {name: f if isinstance(f, str) else f.message(language) for name, f in (faults or {}).items()}
    other = "en" if language == "nl" else "nl"
    inputs = [_input(field, language, typed, words) for field in form.asked]
    products = [_product(place, each, language, typed, words) for place, each in enumerate(form.products)]
    shown = {
        "w": _WORDS[language],
        "title": form.title[language],
        "intro": form.intro[language],
        "other": other,
        "other_url": _url(form, secret, other),
        "action": _url(form, secret, language),
        "ticket": ticket,
        "trap": TRAP,
        "inputs": inputs,
        "products": products,
        "faults": words,
        "labels": {each["name"]: each["label"] for each in (*inputs, *products)},
    }
    return _answer("form", shown, form.title[language], form, language, 422 if faults else 200, bool(faults))


def received_page(form: Shown, told: Mapping[str, Any], *, language: str, secret: str) -> HTMLResponse:
    """That the order is there; loading it again sends nothing."""
    shown = {"w": _WORDS[language], "told": told, "again": _url(form, secret, language)}
    return _answer("received", shown, _WORDS[language]["received"], form, language)


def closed_page(language: str, form: Shown | None = None, status: int = 404) -> HTMLResponse:
    """No form of ours, one that is closed, or a link that is over: the same page for all."""
    return _answer("closed", {"w": _WORDS[language]}, _WORDS[language]["closed"], form, language, status)


def busy_page(language: str, seconds: int) -> HTMLResponse:
    """Too many at once."""
    page = _answer("busy", {"w": _WORDS[language]}, _WORDS[language]["busy"], None, language, 429)
    page.headers["Retry-After"] = str(seconds)
    return page


def stale(language: str) -> str:
    """Why a page that was open for a day is shown again."""
    return _WORDS[language]["stale"]


def language_for(asked: str | None, accepts: str, locale: str) -> str:
    """Of the visitor's choice, else of the browser, else of the brand."""
    if asked in _WORDS:
        return str(asked)
    for part in accepts.split(","):
        if (tag := part.partition(";")[0].strip().lower()[:2]) in _WORDS:
            return tag
    return language_of(locale)


def _url(form: Shown, secret: str, language: str) -> str:
    return f"/forms/{form.slug}?t={secret}&lang={language}"


def _input(
    field: Mapping[str, Any], language: str, typed: Mapping[str, str] | None, faults: Mapping[str, str]
) -> dict[str, Any]:
    name = name_of(field["path"])
    hint = (field.get("help") or {}).get(language, "")
    return {
        "name": name,
        "label": field["label"][language],
        "help": hint,
        "kind": str(field["kind"]),
        "type": _TYPES.get(FieldKind(field["kind"]), "text"),
        "required": field["required"],
        "value": (typed or {}).get(name, ""),
        "choices": [(each["value"], each["label"][language]) for each in field.get("choices", ())],
        "fault": faults.get(name, ""),
        "attributes": _attributes(name, required=field["required"], hint=bool(hint), fault=name in faults),
    }


def _product(
    place: int, product: Mapping[str, Any], language: str, typed: Mapping[str, str] | None, faults: Mapping[str, str]
) -> dict[str, Any]:
    name = quantity_name(place)
    return {
        "name": name,
        "label": product["label"][language],
        "most": product["most"],
        "value": str(product["chosen"]) if typed is None else typed.get(name, ""),
        "fault": faults.get(name, ""),
        "attributes": _attributes(name, required=False, hint=False, fault=name in faults),
    }


def _attributes(name: str, *, required: bool, hint: bool, fault: bool) -> Markup:
    """What assistive technology is told of an input; `name` is one of ours."""
    by = " ".join(f"{name}-{part}" for part, there in (("help", hint), ("fault", fault)) if there)
    parts = {
        "aria-describedby": by,
        "aria-invalid": "true" if fault else "",
        "aria-required": "true" if required else "",
    }
    made = " ".join(f'{key}="{value}"' for key, value in parts.items() if value)
    return Markup(made)  # noqa: S704  # of our own names only


def _answer(
    name: str,
    shown: Mapping[str, Any],
    title: str,
    form: Shown | None,
    language: str,
    status: int = 200,
    faults: bool = False,
) -> HTMLResponse:
    page = _PAGES["page"].render(
        language=language,
        title=title,
        w=_WORDS[language],
        faults=faults,
        brand=form.brand_name if form else "ChargeCars",
        partner=form.partner_name if form else "",
        logo=_logo(form),
        looks=_LOOKS | dict(form.looks if form else {}),
        body=Markup(_PAGES[name].render(**shown)),  # noqa: S704  # escaped as it was rendered
    )
    return HTMLResponse(page, status, dict(_HEADERS))


def _logo(form: Shown | None) -> str | None:
    """One of this host; a browser loads nothing from another."""
    logo = (form.logo or "") if form else ""
    own = f"https://{form.host}/" if form else ""
    if logo.startswith("/") and not logo.startswith("//"):
        return logo
    return logo.removeprefix(own.rstrip("/")) if own and logo.startswith(own) else None

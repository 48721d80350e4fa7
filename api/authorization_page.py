"""The one page the platform renders itself: logging in and consenting to an application. It loads nothing."""

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color:#1b1b1b}"
    "label{display:block;margin-top:1rem}input{width:100%;padding:.5rem;font:inherit;box-sizing:border-box}"
    "button{margin:1.5rem .5rem 0 0;padding:.6rem 1.2rem;font:inherit}"
    ".error{border-left:4px solid #b00020;padding-left:.75rem}code{background:#f0f0f0;padding:0 .25rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_TEXTS = {
    "nl": {
        "title": "Toegang geven",
        "asks": "{client} vraagt namens u toegang tot {brand}:",
        "email": "E-mailadres",
        "password": "Wachtwoord",
        "totp": "Code van uw authenticator-app (als u die gebruikt)",
        "allow": "Inloggen en toestaan",
        "deny": "Weigeren",
        "back": "Daarna gaat u verder naar {target}.",
        "CREDENTIALS_INVALID": "Het e-mailadres of het wachtwoord klopt niet.",
        "TOTP_REQUIRED": "Vul ook de code van uw authenticator-app in.",
        "TOTP_INVALID": "De code klopt niet of is al gebruikt.",
        "NO_ACCESS": "Met dit account kunt u deze toepassing geen toegang geven.",
        "TOO_MANY_ATTEMPTS": "Te veel pogingen. Probeer het over een kwartier opnieuw.",
        "FORM_EXPIRED": "De pagina was verlopen. Probeer het opnieuw.",
        "REQUEST_INVALID": "Dit verzoek klopt niet. Ga terug naar de toepassing en begin opnieuw.",
    },
    "en": {
        "title": "Give access",
        "asks": "{client} asks for access to {brand} on your behalf:",
        "email": "Email address",
        "password": "Password",
        "totp": "Code of your authenticator app (if you use one)",
        "allow": "Log in and allow",
        "deny": "Deny",
        "back": "After that you continue to {target}.",
        "CREDENTIALS_INVALID": "The address or the password is wrong.",
        "TOTP_REQUIRED": "Enter the code of your authenticator app as well.",
        "TOTP_INVALID": "The code is wrong or was used before.",
        "NO_ACCESS": "With this account you cannot give access to this application.",
        "TOO_MANY_ATTEMPTS": "Too many attempts. Try again in a quarter of an hour.",
        "FORM_EXPIRED": "The page had expired. Try again.",
        "REQUEST_INVALID": "This request is not in order. Go back to the application and start again.",
    },
}


@dataclass(frozen=True)
class Form:
    """What the page shows; all of it is escaped here."""

    language: str
    brand: str
    client: str
    scopes: list[str]
    redirect_uri: str
    query: str
    csrf: str
    error: str | None = None
    email: str = ""


def form(shown: Form) -> str:
    """The login and consent form; it posts to its own address, with the request in the query as it came."""
    texts = _TEXTS[shown.language]
    scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in shown.scopes)
    target = escape(urlsplit(shown.redirect_uri).netloc or urlsplit(shown.redirect_uri).scheme)
    asks = texts["asks"].format(client=f"<strong>{escape(shown.client)}</strong>", brand=escape(shown.brand))
    return _page(
        shown.language,
        f"{_error(shown.language, shown.error)}<p>{asks}</p><ul>{scopes}</ul>"
        f'<form method="post" action="/oauth/authorize?{escape(shown.query)}" autocomplete="on">'
        f'<input type="hidden" name="csrf" value="{escape(shown.csrf)}">'
        f'<label>{texts["email"]}<input name="email" type="email" autocomplete="username" '
        f'value="{escape(shown.email)}"></label>'
        f'<label>{texts["password"]}<input name="password" type="password" autocomplete="current-password"></label>'
        f'<label>{texts["totp"]}<input name="totp" inputmode="numeric" autocomplete="one-time-code"></label>'
        f'<button name="decision" value="allow">{texts["allow"]}</button>'
        f'<button name="decision" value="deny" formnovalidate>{texts["deny"]}</button></form>'
        f"<p>{texts['back'].format(target=f'<code>{target}</code>')}</p>",
    )


def refusal(language: str) -> str:
    """What a person sees where the application's request cannot be trusted."""
    return _page(language, _error(language, "REQUEST_INVALID"))


def headers(redirect_uri: str | None = None) -> dict[str, str]:
    """No script, no foreign host, no frame; the form may lead on to the application only."""
    target = f" {_source(redirect_uri)}" if redirect_uri else ""
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'{target}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def _page(language: str, body: str) -> str:
    title = _TEXTS[language]["title"]
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )


def _error(language: str, code: str | None) -> str:
    text = _TEXTS[language].get(code or "")
    return f'<p class="error" role="alert">{text}</p>' if text else ""


def _source(redirect_uri: str) -> str:
    """The origin of an address, or its scheme, as a source of a content security policy."""
    parts = urlsplit(redirect_uri)
    return (
        f"{parts.scheme}://{parts.netloc}" if parts.netloc and parts.scheme in ("http", "https") else f"{parts.scheme}:"
    )

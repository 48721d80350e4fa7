"""What `up` prints when the platform answers: where it is, who can log in, and what to paste first."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from rich.console import Console

from tenants.settings import Settings

if TYPE_CHECKING:
    from chargecars.demo import Login

BRANDS = {
    "chargecars": "ChargeCars",
    "laderthuis": "LaderThuis",
    "meterkastthuis": "MeterkastThuis",
    "zaptecshop": "ZaptecShop",
    "ratioshop": "RatioShop",
}


def portal(settings: Settings, brand: str) -> str:
    """The address of a brand's portal."""
    return f"{settings.public_scheme}://{brand}.{settings.base_domain}:{settings.port}"


def show_banner(console: Console, settings: Settings, data_dir: Path, logins: "list[Login]") -> None:
    """Five portals, the demo logins, one query, and where the logs are."""
    console.print()
    for brand, name in BRANDS.items():
        console.print(f"  {name:16}{portal(settings, brand)}", soft_wrap=True)
    broker = settings.mqtt_url.rpartition("@")[2] or f"{settings.mqtt_host}:{settings.mqtt_port}"
    console.print(f"  {'Chargers':16}mqtt://{broker}", soft_wrap=True)
    if settings.mail_in_port:
        console.print(f"  {'Orders by mail':16}{settings.mail_in_host}:{settings.mail_in_port} (SMTP)", soft_wrap=True)
    if logins:
        console.print("\n  Demo logins")
    for login in logins:
        line = f"  {BRANDS[login.portal]:16}{login.email:36}{login.password}   {login.role.replace('_', ' ').lower()}"
        console.print(line, soft_wrap=True, markup=False)
    console.print(f"\n{first_query(settings, logins)}\n", soft_wrap=True, markup=False)
    console.print(f"Logs in {data_dir / 'log'}. Ctrl-C stops everything.", soft_wrap=True)


def first_query(settings: Settings, logins: "list[Login]") -> str:
    """A line to paste into a shell: a partner's newest orders, or, where there is no login, the brand of a host."""
    partner = next((login for login in logins if login.role == "PARTNER_ADMIN"), None)
    if partner is None:
        return _post(
            settings, "/graphql", {"query": f'{{ brand(host: "chargecars.{settings.base_domain}") {{ name }} }}'}
        )
    login = _post(settings, "/auth/login", {"email": partner.email, "password": partner.password})
    token = f"""{login} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'"""
    query = {"query": "{ orders(first: 3) { totalCount edges { node { number stage endCustomer { name } } } } }"}
    return _post(settings, "/graphql", query, f'-H "authorization: Bearer $({token})"')


def _post(settings: Settings, path: str, body: dict[str, str], *more: str) -> str:
    url = f"{portal(settings, 'chargecars')}{path}"
    data = shlex.quote(orjson.dumps(body).decode())
    return " ".join(["curl -s", url, *more, "-H 'content-type: application/json' -d", data])

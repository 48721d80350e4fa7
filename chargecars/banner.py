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
    if logins:
        console.print("\n  Demo logins")
    for login in logins:
        line = f"  {BRANDS[login.portal]:16}{login.email:36}{login.password}   {login.role.replace('_', ' ').lower()}"
        console.print(line, soft_wrap=True, markup=False)
    console.print(f"\n{first_query(settings)}\n", soft_wrap=True, markup=False)
    console.print(f"Logs in {data_dir / 'log'}. Ctrl-C stops everything.", soft_wrap=True)


def first_query(settings: Settings) -> str:
    """A curl command that answers without a login: the brand of a host, as a portal asks for it."""
    host = f"chargecars.{settings.base_domain}"
    body = {"query": f'{{ brand(host: "{host}") {{ name locale }} }}'}
    words = ["curl", "-s", f"{portal(settings, 'chargecars')}/graphql"]
    words += ["-H", "content-type: application/json", "-d", orjson.dumps(body).decode()]
    return shlex.join(words)

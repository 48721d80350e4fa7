"""Which addresses a webhook may be sent to: public ones, so that nobody reaches our own network through us."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from domain.webhooks.errors import WebhookUrlInvalid
from tenants.settings import Settings

LONGEST_URL = 2_000
_LOWEST_PORT = 1024
_NOT_OURS_TO_ASK = tuple(
    map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16", "64:ff9b:1::/48", "2001::/23", "3fff::/20"))
)
"""Not private by the book, and yet no place for a receiver: protocols' own, and the metadata service of a cloud."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. `path` has the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header."""
        literal = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return literal if self.port == usual else f"{literal}:{self.port}"


def target_of(url: str, settings: Settings) -> Target:
    """The parts of a URL: https without credentials, to a name or a public address. Raises: WebhookUrlInvalid."""
    parts = _parts(url)
    host, port = (parts.hostname or "").rstrip(".").lower(), _port(parts)
    local = local_allowed(settings)
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise _refused("gebruik https", "use https")
    if not host or parts.username is not None or parts.password is not None:
        raise _refused("een naam zonder gebruiker of wachtwoord is nodig", "a host without user or password is needed")
    if parts.fragment:
        raise _refused("een fragment (#) wordt niet verstuurd", "a fragment (#) is not sent")
    if port not in (443, 80) and port < _LOWEST_PORT:
        raise _refused(f"poort {port} is niet toegestaan", f"port {port} is not allowed")
    _check_host(host, local=local)
    if not f"{parts.path}{parts.query}".isascii():
        raise _refused("codeer bijzondere tekens (%C3%AB)", "encode special characters (%C3%AB)")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, _ascii(host), port, path)


def local_allowed(settings: Settings) -> bool:
    """Whether receivers on this machine, and plain http, are allowed: never in production."""
    return settings.webhook_local_targets and not settings.production


def may_be_asked(address: str, *, local: bool) -> bool:
    """Whether an IP address is public; with `local` this machine is allowed as well."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    embedded = [parsed, *_within(parsed)]
    if local and all(each.is_loopback for each in embedded[-1:]):
        return True
    return all(_is_public(each) for each in embedded)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return True  # judged by the address within
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not special and not any(address in network for network in _NOT_OURS_TO_ASK)


def _within(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that a mapped or tunnelled IPv6 address stands for; NAT64 is reserved, so refused anyway."""
    if isinstance(address, IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    return [each for each in found if each is not None]


def _check_host(host: str, *, local: bool) -> None:
    try:
        ip_address(host)
    except ValueError:
        if "." not in host and not (local and host == "localhost"):
            raise _refused("de naam is niet openbaar", "the name is not public") from None
        return
    if not may_be_asked(host, local=local):
        raise _refused("het adres is niet openbaar", "the address is not public")


def _parts(url: str) -> SplitResult:
    if not isinstance(url, str) or len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise _refused("geen URL", "not a URL")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise _refused("geen URL", "not a URL") from error


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise _refused("de poort is geen getal", "the port is no number") from error


def _ascii(host: str) -> str:
    try:
        return host if ":" in host else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise _refused("de naam kan niet bestaan", "the name cannot exist") from error


def _refused(nl: str, en: str) -> WebhookUrlInvalid:
    return WebhookUrlInvalid(reason={"nl": f"{nl}.", "en": f"{en}."}, field=("url",))

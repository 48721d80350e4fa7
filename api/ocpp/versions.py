"""The versions of the protocol that are spoken."""

from collections.abc import Iterable
from enum import StrEnum


class Version(StrEnum):
    """As the platform calls it (`charger.protocol`)."""

    OCPP16 = "OCPP16"
    OCPP201 = "OCPP201"

    @property
    def subprotocol(self) -> str:
        """Its name in `Sec-WebSocket-Protocol`."""
        return "ocpp1.6" if self is Version.OCPP16 else "ocpp2.0.1"

    @property
    def number(self) -> str:
        """Its name in the library `ocpp`."""
        return "1.6" if self is Version.OCPP16 else "2.0.1"


_BY_SUBPROTOCOL = {version.subprotocol: version for version in Version}


def chosen(offered: Iterable[str]) -> Version | None:
    """The first that a charger offers and we speak: it names them in the order of its preference (RFC 6455)."""
    return next((_BY_SUBPROTOCOL[name] for name in offered if name in _BY_SUBPROTOCOL), None)

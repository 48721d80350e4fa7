"""Which account and VAT rate of a package stand for ours. Nothing is guessed: what is not mapped is not booked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.accounting.packages.asking import Refused

VAT_KEYS = ("S", "R", "Z", "AE", "K", "G", "E", "O")
"""Standard and reduced rate; then the categories of EN 16931: zero, reverse charge, within the EU, export, exempt, out
of scope. A purchase has the prefix `P:`, where a package keeps rates of purchases apart."""
DEFAULT = "*"


@dataclass(frozen=True, slots=True)
class AccountMapping:
    """`accounts` by role, or `role:vat key` where an account there is of one kind of VAT; `vat` by key."""

    accounts: Mapping[str, str]
    vat: Mapping[str, str]
    payment_account: str | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "AccountMapping":
        return cls(stored.get("accounts") or {}, stored.get("vat") or {}, stored.get("payment_account"))

    def as_json(self) -> dict[str, Any]:
        return {"accounts": dict(self.accounts), "vat": dict(self.vat), "payment_account": self.payment_account}

    def account(self, role: str, vat: str) -> str:
        """The account for a line. Raises: Refused with UNMAPPED_ACCOUNT."""
        for key in (f"{role}:{vat}", role, f"{DEFAULT}:{vat}", DEFAULT):
            if found := self.accounts.get(key):
                return found
        raise Refused("UNMAPPED_ACCOUNT", f"no account is chosen for {role}")

    def vat_rate(self, key: str, *, purchase: bool) -> str:
        """The VAT rate for a line. Raises: Refused with UNMAPPED_VAT."""
        name = f"P:{key}" if purchase else key
        if found := self.vat.get(name):
            return found
        raise Refused("UNMAPPED_VAT", f"no VAT rate is chosen for {name}")


def proposed_vat(rates: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Standard and reduced rates, of sales and of purchases, where only one rate can be meant: 21 and 9 percent."""
    found: dict[str, list[str]] = {}
    for rate in rates:
        prefix = {"sales_invoice": "", "purchase_invoice": "P:"}.get(str(rate.get("kind")))
        key = {"21": "S", "9": "R"}.get(str(rate.get("percentage") or "").rstrip("0").rstrip("."))
        if prefix is not None and key:
            found.setdefault(prefix + key, []).append(str(rate["id"]))
    return {key: ids[0] for key, ids in found.items() if len(ids) == 1}


def proposed_accounts(ours: Mapping[str, str], accounts: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Accounts that have the same number there; `ours` is role → number."""
    by_code = {str(account["code"]): str(account["id"]) for account in accounts if account.get("code")}
    return {role: by_code[code] for role, code in ours.items() if code in by_code}

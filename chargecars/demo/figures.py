"""How much of everything: the customer's own figures (D6), and ten times that."""

from dataclasses import dataclass
from fractions import Fraction

COUNTED = ("contact", "lead", "quote", "line_item", "signature", "order", "visit")
"""The tables whose rows are the records of D6; events, addresses, milestones and the like come with them."""
NAMED_PARTNERS = 5


@dataclass(frozen=True)
class Figures:
    """Records by kind; a fraction of 1 gives a small world for tests. Line items make up the total exactly."""

    scale: int | Fraction = 1

    @property
    def partners(self) -> int:
        return self._scaled(391)

    @property
    def customers(self) -> int:
        return self._scaled(6_959)

    @property
    def partner_persons(self) -> int:
        return 2 * self.partners

    @property
    def leads(self) -> int:
        return self._scaled(833)

    @property
    def quotes(self) -> int:
        return self._scaled(5_321)

    @property
    def ordered_quotes(self) -> int:
        """Quotes with an order; wholesale customers ordered again from some of them."""
        return self._scaled(4_790)

    @property
    def orders(self) -> int:
        return self._scaled(5_576)

    @property
    def visits(self) -> int:
        return self._scaled(5_197)

    @property
    def total(self) -> int:
        """57,445 records at scale 1, 574,450 at scale 10."""
        return self._scaled(57_445)

    def line_items(self, signatures: int) -> int:
        """What the other kinds leave of the total."""
        contacts = self.partners + self.partner_persons + self.customers
        return self.total - contacts - self.leads - self.quotes - self.orders - self.visits - signatures

    def _scaled(self, figure: int) -> int:
        return round(figure * Fraction(self.scale))


def shared(whole: int, shares: list[float]) -> list[int]:
    """Whole numbers in proportion to the shares that add up to the whole; the largest remainders get one more."""
    exact = [whole * share / sum(shares) for share in shares]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[: whole - sum(parts)]:
        parts[i] += 1
    return parts

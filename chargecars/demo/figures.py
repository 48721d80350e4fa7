"""How much of everything: the customer's own figures (D6), and ten times that."""

from dataclasses import dataclass

ENTITIES = 5
TEAMS = 7
NAMED_PARTNERS = 5


@dataclass(frozen=True)
class Figures:
    """Records by kind. `line_items` makes up the total, so that it is met exactly."""

    scale: int = 1

    @property
    def partners(self) -> int:
        return 391 * self.scale

    @property
    def customers(self) -> int:
        return 6_959 * self.scale

    @property
    def leads(self) -> int:
        return 833 * self.scale

    @property
    def quotes(self) -> int:
        return 5_321 * self.scale

    @property
    def orders(self) -> int:
        return 5_576 * self.scale

    @property
    def ordered_quotes(self) -> int:
        """Quotes with an order; wholesale customers ordered again from some of them."""
        return 4_790 * self.scale

    @property
    def visits(self) -> int:
        return 5_197 * self.scale

    @property
    def partner_persons(self) -> int:
        return 782 * self.scale

    @property
    def total(self) -> int:
        """57,445 records at scale 1, 574,450 at scale 10."""
        return 57_445 * self.scale


COUNTED = ("contact", "lead", "quote", "line_item", "signature", "order", "visit")
"""The tables whose rows are the records of D6; events, addresses, milestones and the like come with them."""

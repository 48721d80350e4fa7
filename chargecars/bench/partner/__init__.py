"""What partners ask of the platform: intake beside inserts by hand, polls, scorecards, exports, lists; and a day.

Orders are sent to the API as a partner's system sends them: with a key, signed, an address each. Beside them the very
rows that they became are inserted again by hand, a transaction per order, with new ids; both have to come to the same
amounts. Scorecards are compared with one plain count per partner. Bar: 95 in 100 orders are answered within 500 ms.
"""

from chargecars.bench.partner.running import main

__all__ = ["main"]

"""How amounts of payments, wallets, commission and the books came about; see domain/explanations/billing.py."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Numeric, and_, cast, func, select

from api.reading import Cases, Each, Explained, Given, money
from domain.bank.order_models import BankFileLine
from domain.commissions.models import Commission as CommissionRow
from domain.commissions.models import CommissionKind
from domain.ledger.models import JournalLine
from domain.wallets.models import WalletMovement


def recorded(formula: str, cents: Any, kind: str | None, row: Any) -> Explained:
    """An amount of the row that follows from no other; `kind` of the row's own ids, if it has any."""
    return Explained(formula, [Given("recorded", cents, (kind, row.id) if kind else None)])


def as_recorded(formula: str, name: str, kind: str) -> Callable[[Any], Any]:
    """Money of a column that follows from no other, in the currency of its row."""
    return lambda row: money(getattr(row, name), row.currency, recorded(formula, getattr(row, name), kind, row))


def bank_file_total(file: Any) -> Explained:
    line = BankFileLine.__table__.alias()
    rows = select(line.c.amount_cents.label("value"), line.c.id.label("key"))
    rows = rows.where(line.c.file_id == file.id).order_by(line.c.position)
    return Explained("bank.fileTotal", [Each("line", rows, "BankFileLine")])


# --- wallets ------------------------------------------------------------------------------------------------------


def balance_after(movement: Any) -> Explained:
    source = ("WalletMovement", movement.id)
    before = movement.balance_cents - movement.amount_cents
    given = [Given("before", before, source), Given("movement", movement.amount_cents, source)]
    return Explained("wallet.balanceAfter", given)


def wallet_balance(wallet: Any) -> Explained:
    movement = WalletMovement.__table__.alias()
    rows = select(movement.c.amount_cents.label("value"), movement.c.id.label("key"))
    rows = rows.where(movement.c.wallet_id == wallet.id).order_by(movement.c.id.desc())
    return Explained("wallet.balance", [Each("movement", rows, "WalletMovement")])


# --- commission ---------------------------------------------------------------------------------------------------

COMMISSION = "Commission"


def commission_base(row: Any) -> Explained:
    return Explained("commission.base", [_recorded(row.base_cents, row)], commission_base=row.base_cents)


def commission_uncut(row: Any) -> Cases:
    """By the rate, or as it was agreed; what changes a record has no amount before the maximum of its own."""
    by_rate = [Given("base", row.base_cents, (COMMISSION, row.id)), _rate(row)]
    share = func.round(cast(row.base_cents, Numeric) * row.commission_rate / 100)
    return Cases(
        [
            (row.reverses_id.is_not(None), _of(row, "commission.measured", row.uncut_cents)),
            (row.commission_rate.is_(None), _of(row, "commission.fixed", row.uncut_cents)),
            (share == row.uncut_cents, Explained("commission.rate", by_rate, commission_base=row.base_cents)),
            (-share == row.uncut_cents, Explained("commission.penalty", by_rate, commission_base=row.base_cents)),
        ],
        _of(row, "commission.measured", row.uncut_cents),
    )


def commission_amount(row: Any) -> Cases:
    """Of a record: what the maximum left of it; of what changes a record: the difference that it makes."""
    source = (COMMISSION, row.id)
    cut = [Given("uncut", row.uncut_cents, source), Given("cutByMaximum", row.uncut_cents - row.amount_cents, source)]
    measured = row.kind.in_([CommissionKind.BONUS.value, CommissionKind.PENALTY.value, CommissionKind.CAP.value])
    return Cases(
        [
            (row.reverses_id.is_not(None), _change(row)),
            (measured, _of(row, "commission.measured", row.amount_cents)),
        ],
        Explained("commission.amount", cut, commission_base=row.base_cents),
    )


def commission_total(row: Any) -> Explained:
    """The record and what names it."""
    other = CommissionRow.__table__.alias()
    rows = select(other.c.amount_cents.label("value"), other.c.id.label("key"))
    rows = rows.where((other.c.id == row.id) | (other.c.reverses_id == row.id)).order_by(other.c.id)
    return Explained("commission.total", [Each("amount", rows, COMMISSION)], commission_base=row.base_cents)


def _change(row: Any) -> Explained:
    other = CommissionRow.__table__.alias()
    record = (other.c.id == row.reverses_id) | (other.c.reverses_id == row.reverses_id)
    before = select(func.coalesce(func.sum(other.c.amount_cents), 0)).where(and_(record, other.c.id < row.id))
    due = before.scalar_subquery()
    source = (COMMISSION, row.reverses_id)
    given = [Given("dueNow", due + row.amount_cents, source), Given("dueBefore", due, source)]
    return Explained("commission.change", given, commission_base=row.base_cents)


def _of(row: Any, formula: str, cents: Any) -> Explained:
    return Explained(formula, [_recorded(cents, row)], commission_base=row.base_cents)


def _recorded(cents: Any, row: Any) -> Given:
    return Given("recorded", cents, (COMMISSION, row.id))


def _rate(row: Any) -> Given:
    return Given("ratePercent", row.commission_rate, (COMMISSION, row.id))


# --- the books ----------------------------------------------------------------------------------------------------


def entry_total(entry: Any) -> Explained:
    line = JournalLine.__table__.alias()
    rows = select(line.c.debit_cents.label("value"), line.c.id.label("key"))
    rows = rows.where(line.c.entry_id == entry.id, line.c.debit_cents > 0).order_by(line.c.position)
    return Explained("journal.total", [Each("debit", rows, "JournalLine")])


def account_balance(account: Any, is_debit: Any, debit: Any, credit: Any) -> Cases:
    """`debit` and `credit` are all that was booked until the day."""
    source = ("LedgerAccount", account.id)
    given = [Given("debit", debit, source), Given("credit", credit, source)]
    return Cases([(is_debit, Explained("account.debitBalance", given))], Explained("account.creditBalance", given))

"""The formulas of invoices, payments, commission and the books; see domain/invoices/billing.py for the arithmetic."""

from collections.abc import Mapping
from typing import Any

from domain.explanations.formulas import HALF_UP_EN, HALF_UP_NL, HUNDREDTH, difference, recorded, summed
from domain.explanations.registry import Unit, at_least, between, formula

_CENTS, _PERCENT, _QUANTITY = Unit.CENTS, Unit.PERCENT, Unit.QUANTITY

# --- invoices -----------------------------------------------------------------------------------------------------

recorded(
    "invoiceLine.unitPrice",
    "De prijs per eenheid zonder btw zoals die op de factuur staat.",
    "The price per unit without VAT as invoiced.",
)
recorded(
    "invoiceLine.given",
    "Een bedrag dat als zodanig is opgegeven.",
    "An amount that was given as such.",
)
difference(
    "invoiceLine.discount",
    "net",
    "undiscounted",
    "Prijs per eenheid × aantal (afgerond), min het netto bedrag.",
    "Price per unit × quantity (rounded), less the net amount.",
)
for _amount, _nl, _en in (("net", "netto bedrag", "net amount"), ("vat", "btw-bedrag", "VAT")):
    formula(
        f"invoiceLine.portion.{_amount}",
        {"ordered": _CENTS, "upToPercent": _PERCENT, "billedBefore": _CENTS},
        lambda i: at_least(0, i["ordered"] * i["upToPercent"] * HUNDREDTH - i["billedBefore"]),
        rounds=True,
        nl=f"Het {_nl} van de opdrachtregel tot en met dit deel, {HALF_UP_NL}, min wat eerder is gefactureerd.",
        en=f"The {_en} of the order's line up to this part, {HALF_UP_EN}, less what was billed before.",
    )


def _credited(i: Mapping[str, Any]) -> Any:
    left = i["billed"] - i["creditedBefore"]
    return -between(0, i["billed"] * i["part"] / i["whole"] - i["creditedBefore"], left)


for _amount, _unit in (("net", _QUANTITY), ("vat", _QUANTITY), ("vatOfAmount", _CENTS)):
    formula(
        f"creditLine.{_amount}",
        {"billed": _CENTS, "part": _unit, "whole": _unit, "creditedBefore": _CENTS},
        _credited,
        rounds=True,
        nl=f"Gefactureerd bedrag × gecrediteerd deel / geheel, {HALF_UP_NL}, min wat eerder is gecrediteerd; nooit "
        "meer dan er over is.",
        en=f"Billed amount × credited part / whole, {HALF_UP_EN}, less what was credited before; never more than is "
        "left.",
    )
summed("invoiceLine.creditedNet", "credited", "Netto gecrediteerd, opgeteld.", "Net amounts credited, added up.")
summed("invoiceLine.creditedVat", "credited", "Gecrediteerde btw, opgeteld.", "VAT credited, added up.")
for _whose, _nl, _en in (
    ("invoice", "alle regels", "all lines"),
    ("invoiceVat", "de regels van deze btw-groep", "the lines of this VAT group"),
):
    summed(f"{_whose}.net", "net", f"Netto bedragen van {_nl}, opgeteld.", f"Net amounts of {_en}, added up.")
    summed(f"{_whose}.vat", "vat", f"Btw van {_nl}, opgeteld.", f"VAT of {_en}, added up.")
    summed(f"{_whose}.gross", "gross", f"Bedragen met btw van {_nl}, opgeteld.", f"With VAT: {_en}, added up.")
recorded("invoice.paid", "Wat ervan is betaald of verrekend.", "What was paid or set off of it.")
summed("invoice.credited", "credited", "Creditfacturen met btw, opgeteld.", "Credit notes with VAT, added up.")
formula(
    "invoice.open",
    {"gross": _CENTS, "paid": _CENTS, "credited": _CENTS, "writtenOff": _CENTS},
    lambda i: i["gross"] - i["paid"] - i["credited"] - i["writtenOff"],
    nl="Bedrag met btw min wat is betaald, gecrediteerd en afgeboekt.",
    en="Amount with VAT less what was paid, credited and written off.",
)
recorded(
    "invoice.openOfCredit",
    "Niets: een creditfactuur gaat van haar factuur af.",
    "Nothing: a credit note takes off its invoice.",
)

# --- payments and wallets -----------------------------------------------------------------------------------------

for _name, _nl, _en in (
    ("amount", "Het bedrag van de betaling.", "The amount of the payment."),
    ("refunded", "Wat ervan is of wordt teruggegeven.", "What of it was or is being given back."),
    ("toWallet", "Wat ervan in het tegoed staat.", "What of it stands in the wallet."),
    ("inSuspense", "Wat ervan nog niets betaalt.", "What of it pays nothing yet."),
    (
        "unrecovered",
        "Wat van een terugboeking niet kon worden teruggehaald.",
        "What of a chargeback was not recovered.",
    ),
    ("fee", "Wat de betaaldienst inhield.", "What the provider kept."),
    ("allocated", "Wat van de betaling aan de factuur is toegewezen.", "What of the payment pays the invoice."),
    ("returned", "Wat daarvan is teruggenomen.", "What of that was taken back."),
    ("asked", "Wat bij het maken van de link werd gevraagd.", "What was asked when the link was made."),
):
    recorded(f"payment.{_name}", _nl, _en)
recorded("wallet.movement", "De bij- of afschrijving.", "What was added or taken out.")
formula(
    "wallet.balanceAfter",
    {"before": _CENTS, "movement": _CENTS},
    lambda i: i["before"] + i["movement"],
    nl="Saldo ervoor plus de mutatie.",
    en="Balance before plus the movement.",
)
summed("wallet.balance", "movement", "Alle mutaties, opgeteld.", "All movements, added up.")

# --- the bank, reminders and accounts -----------------------------------------------------------------------------

for _name, _nl, _en in (
    ("opening", "Beginsaldo volgens het afschrift.", "Opening balance by the statement."),
    ("closing", "Eindsaldo volgens het afschrift.", "Closing balance by the statement."),
    ("amount", "Bedrag van de bankregel.", "Amount of the transaction."),
    ("matched", "Wat van de bankregel is verwerkt.", "What of the transaction was matched."),
    ("proposed", "Wat van de bankregel wordt voorgesteld.", "What of the transaction is proposed."),
    ("instructed", "Wat de bank is opgedragen.", "What the bank is told to collect or pay."),
):
    recorded(f"bank.{_name}", _nl, _en)
summed("bank.fileTotal", "line", "Alle regels van het bestand, opgeteld.", "All lines of the file, added up.")
for _name, _nl, _en in (
    ("open", "Wat open stond.", "What was open."),
    ("interest", "Wettelijke rente over wat open stond.", "Statutory interest on what was open."),
    ("costs", "Incassokosten volgens het Besluit BIK.", "Collection costs by the Besluit BIK."),
    ("minimum", "Zoals ingesteld.", "As set."),
):
    recorded(f"dunning.{_name}", _nl, _en)
recorded("account.opening", "Saldo voor de eerste dag.", "Balance before the first day.")
recorded("account.movement", "Wat het saldo veranderde.", "What changed the balance.")
formula(
    "account.balance",
    {"before": _CENTS, "movement": _CENTS},
    lambda i: i["before"] + i["movement"],
    nl="Saldo ervoor plus de mutaties.",
    en="Balance before plus the movements.",
)
recorded("ageing.bucket", "Wat van facturen van deze ouderdom open staat.", "What is open of invoices of this age.")
summed("ageing.sum", "bucket", "De leeftijdsgroepen, opgeteld.", "The ages, added up.")

recorded("preview.amount", "Zoals het zou worden vastgelegd.", "As it would be written down.")

# --- commission ---------------------------------------------------------------------------------------------------

recorded(
    "commission.base",
    "Netto bedrag zonder btw van de regels die meetellen.",
    "Net amount without VAT of the lines that count.",
)
formula(
    "commission.rate",
    {"base": _CENTS, "ratePercent": _PERCENT},
    lambda i: i["base"] * i["ratePercent"] * HUNDREDTH,
    rounds=True,
    nl=f"Grondslag × percentage, {HALF_UP_NL}.",
    en=f"Base × percentage, {HALF_UP_EN}.",
)
formula(
    "commission.penalty",
    {"base": _CENTS, "ratePercent": _PERCENT},
    lambda i: -(i["base"] * i["ratePercent"] * HUNDREDTH),
    rounds=True,
    nl=f"Grondslag × percentage, {HALF_UP_NL}, in mindering.",
    en=f"Base × percentage, {HALF_UP_EN}, taken off.",
)
recorded("commission.fixed", "Een vast bedrag, zoals afgesproken.", "A fixed amount, as agreed.")
recorded("commission.measured", "Een bedrag naar gemeten cijfers.", "An amount by measured figures.")
formula(
    "commission.amount",
    {"uncut": _CENTS, "cutByMaximum": _CENTS},
    lambda i: i["uncut"] - i["cutByMaximum"],
    nl="Bedrag vóór het maximum van de opdracht, min wat het maximum eraf haalt.",
    en="Amount before the maximum of the order, less what the maximum takes off.",
)
difference(
    "commission.change",
    "dueBefore",
    "dueNow",
    "Wat na de wijziging toekomt min wat daarvoor toekwam.",
    "What is due after the change less what was due before.",
)
summed("commission.total", "amount", "Alle mutaties ervan, opgeteld.", "All its movements, added up.")
for _name, _nl, _en in (
    ("opening", "Stand aan het begin van de periode.", "Where it stood at the beginning."),
    ("accrued", "Wat in de periode werd verwacht.", "What came to be expected in the period."),
    ("earned", "Wat in de periode werd verdiend.", "What was earned in the period."),
    ("changed", "Wat in de periode werd gewijzigd.", "What was changed in the period."),
    ("paid", "Wat in de periode werd betaald.", "What was paid in the period."),
    ("due", "Wat van de eindstand verschuldigd is.", "What of the closing balance is due."),
):
    recorded(f"commissionStatement.{_name}", _nl, _en)
formula(
    "commissionStatement.closing",
    {"opening": _CENTS, "accrued": _CENTS, "changed": _CENTS, "paid": _CENTS},
    lambda i: i["opening"] + i["accrued"] + i["changed"] - i["paid"],
    nl="Beginstand + verwacht + gewijzigd - betaald.",
    en="Opening + expected + changed - paid.",
)
for _name, _nl, _en in (
    ("before", "Provisie zoals die is.", "Commission as it is."),
    ("after", "Provisie zoals die zou zijn.", "Commission as it would be."),
):
    recorded(f"simulation.{_name}", _nl, _en)
difference("simulation.difference", "before", "after", "Erna min ervoor.", "After less before.")

# --- the books ----------------------------------------------------------------------------------------------------

recorded("journal.debit", "Het geboekte debetbedrag.", "The amount booked in debit.")
recorded("journal.credit", "Het geboekte creditbedrag.", "The amount booked in credit.")
summed("journal.total", "debit", "Alle debetregels, opgeteld.", "All debit lines, added up.")
for _side, _less in (("debit", "credit"), ("credit", "debit")):
    difference(
        f"account.{_side}Balance",
        _less,
        _side,
        f"Geboekt op {_side} min geboekt op {_less}, tot en met de dag.",
        f"Booked in {_side} less booked in {_less}, until the end of the day.",
    )
summed("report.account", "booked", "Geboekt in de periode.", "What was booked in the period.")
summed("report.sum", "amount", "De rekeningen, opgeteld.", "The accounts, added up.")
difference("report.result", "expense", "revenue", "Opbrengsten min kosten.", "Revenue less expense.")
formula(
    "report.closing",
    {"opening": _CENTS, "debit": _CENTS, "credit": _CENTS},
    lambda i: i["opening"] + i["debit"] - i["credit"],
    nl="Beginsaldo + debet - credit.",
    en="Opening + debit - credit.",
)
for _name, _nl, _en in (
    ("amount", "Het bedrag met btw van wat is doorgegeven.", "The amount with VAT of what was told."),
    ("difference", "Btw daar min btw hier.", "VAT there less VAT here."),
    ("grossHere", "Bedragen met btw hier, opgeteld.", "Amounts with VAT here, added up."),
    ("grossThere", "Bedragen met btw daar, opgeteld.", "Amounts with VAT there, added up."),
    ("paidHere", "Betaald volgens ons.", "Paid by our books."),
    ("paidThere", "Betaald volgens het pakket.", "Paid by the package."),
):
    recorded(f"accounting.{_name}", _nl, _en)
for _name, _nl, _en in (
    ("base", "Omzet zonder btw van de factuurregels in de rubriek.", "Turnover without VAT of the lines in the box."),
    ("vat", "Btw van de factuurregels in de rubriek.", "VAT of the lines in the box."),
    ("ledgerDue", "Geboekt op de rekeningen voor te betalen btw.", "Booked on the accounts of VAT due."),
    ("ledgerInput", "Geboekt op de rekening voor voorbelasting.", "Booked on the account of input VAT."),
):
    recorded(f"vatReturn.{_name}", _nl, _en)
formula(
    "vatReturn.difference",
    {"ledgerDue": _CENTS, "ledgerInput": _CENTS, "toPay": _CENTS},
    lambda i: i["ledgerDue"] - i["ledgerInput"] - i["toPay"],
    nl="Te betalen volgens de boeken min te betalen volgens de facturen (5g).",
    en="To be paid by the books less to be paid by the invoices (5g).",
)
recorded("report.opening", "Saldo aan het begin van de periode.", "Balance at the beginning of the span.")

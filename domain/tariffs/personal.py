"""What tariffs and what was bought beforehand hold of whom; see domain.contacts.personal."""

from domain.contacts.personal import Personal, personal

_TAX = "What was bought, and the prices that held, are part of the administration (seven years; AWR, article 52)."
_HOLDER = "contact_id = ANY (CAST(:ids AS uuid[]))"
_OWNER = "owner_contact_id = ANY (CAST(:ids AS uuid[]))"

personal(
    Personal(
        "energy_pack",
        open=f"""
            SELECT 'energy pack ' || bought_at::date FROM energy_pack
            WHERE {_HOLDER} AND remaining_wh > 0 AND cancelled_at IS NULL ORDER BY 1""",  # noqa: S608  # constants
        kept=_HOLDER,
        why_kept=_TAX,
    )
)
for _table, _what in (("plan_membership", "charging plan"), ("charging_subscription", "charging subscription")):
    personal(
        Personal(
            _table,
            open=f"""
                SELECT '{_what} ' || lower(valid)::date FROM {_table}
                WHERE {_HOLDER} AND monthly_cents > 0 AND NOT isempty(valid) AND coalesce(upper(valid) > now(), true)
                ORDER BY 1""",  # noqa: S608  # constants
            kept=_HOLDER,
            why_kept=_TAX,
        )
    )
for _table in ("benefit_use", "benefit_charge"):
    personal(Personal(_table, kept=_HOLDER, why_kept=_TAX))
for _table in ("tariff", "tariff_assignment"):
    personal(Personal(_table, kept=_OWNER, why_kept=_TAX))

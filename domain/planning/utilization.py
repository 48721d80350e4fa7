"""How much of what teams can do is asked of them: the one definition, of days, capacity, plans and what-ifs."""


def utilization(work_minutes: int, available_minutes: int) -> float:
    """Work at customers, as a part of the minutes of such work that the teams can do; driving is in neither.

    Above 1 it is too much; 1 as well where there is work and nobody can do any.
    """
    if not available_minutes:
        return float(work_minutes > 0)
    return round(work_minutes / available_minutes, 4)

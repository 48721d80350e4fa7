"""Broken rules in words."""

from collections.abc import Mapping

from domain.planning.timing import Rule, Violation

_WORDS: Mapping[Rule, tuple[str, str]] = {
    Rule.SKILLS: ("het team mist een vaardigheid", "the team lacks a skill"),
    Rule.HOURS: ("het team is {amount} minuten te laat terug", "the team would be back {amount} minutes too late"),
    Rule.BLOCK: (
        "een bezoek begint {amount} minuten na zijn dagdeel",
        "a visit begins {amount} minutes after its block",
    ),
    Rule.JOBS: ("het team heeft {amount} bezoek(en) te veel", "the team has {amount} visit(s) too many"),
    Rule.WORKLOAD: ("{amount} minuten te veel werk", "{amount} minutes of work too many"),
    Rule.RADIUS: ("twee bezoeken liggen {amount} meter te ver uiteen", "two visits are {amount} metres too far apart"),
    Rule.MATERIAL: ("het materiaal komt {amount} dag(en) later", "the material comes {amount} day(s) later"),
    Rule.PREDECESSOR: ("een ander bezoek moet eerst gebeuren", "another visit has to come first"),
    Rule.WEATHER: ("het weer is ongeschikt voor werk buiten", "the weather is unfit for work outdoors"),
    Rule.PIN: ("een planner heeft het bezoek vastgezet", "a planner pinned the visit"),
    Rule.PROMISE: ("dag of dagdeel is de klant toegezegd", "day or block was promised to the customer"),
    Rule.ABSENCE: ("het team werkt die dag niet", "the team does not work on that day"),
    Rule.PLACE: ("het adres is onbekend of buiten Nederland", "the address is unknown or outside the Netherlands"),
}


def phrase(violation: Violation) -> dict[str, str]:
    """In Dutch and English."""
    nl, en = (text.format(amount=violation.amount) for text in _WORDS[violation.rule])
    return {"nl": nl, "en": en}

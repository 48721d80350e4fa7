"""Orders out of a mail: lines are read by labels, tables, forms and sentences, and what they say is weighed."""

from collections.abc import Sequence

from domain.mail_reading import labels
from domain.mail_reading import fields as f
from domain.mail_reading.candidates import Context
from domain.mail_reading.fields import ExtractedField, ExtractedOrder, Known
from domain.mail_reading.labelled import labelled
from domain.mail_reading.message import MailMessage
from domain.mail_reading.pairs import layout_of
from domain.mail_reading.parts import RegionKind
from domain.mail_reading.source import lines_of
from domain.mail_reading.template import Template, merged
from domain.mail_reading.weighing import contradicted, field_of, weighed

_READ = (RegionKind.BODY, RegionKind.FORWARDED)


def extract(message: MailMessage, templates: Sequence[Template], known: Known) -> list[ExtractedOrder]:
    """The orders of a mail, none where it holds none; never raises. Values that are not in the mail are left out."""
    written = message.date.date() if message.date else None
    context = Context(known, merged(templates), written)
    lines = [line for line in lines_of(message) if line.kind in _READ]
    layout = layout_of(lines, labels.meaning)
    candidates = list(labelled(layout.pairs, lines, layout, context, labels.meaning))
    fields: dict[str, ExtractedField] = {}
    for path, values in weighed(candidates).items():
        fields[path] = field_of(message, values[0][1], contradicted(values))
    return [ExtractedOrder(fields, f.missing_in(fields))] if fields else []

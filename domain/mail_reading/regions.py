"""Which lines of a text the sender wrote, which were passed on or quoted, and where the signature begins."""

import re
from collections.abc import Iterator
from dataclasses import replace

from domain.mail_reading.parts import Part, PartKind, Region, RegionKind

_FORWARD_SUBJECT = re.compile(r"\s*(?:\[[^\]]{0,40}\]\s*)?(?:fwd?|doorgestuurd|dgst|tr|wg|doorst)\s*:", re.IGNORECASE)
_FORWARD_MARK = re.compile(
    r"[\s>]*[-_=*]*\s*(?:begin (?:van )?doorgestuurd(?:e)? (?:bericht|mail)|doorgestuurd(?:e)? (?:bericht|mail)|"
    r"begin forwarded message|forwarded (?:message|mail))(?: \w+ [^\n]{0,80})?\s*:?\s*[-_=*]*\s*",
    re.IGNORECASE,
)
_ORIGINAL_MARK = re.compile(
    r"[\s>]*[-_=*]{2,}\s*(?:oorspronkelijk(?:e)? (?:bericht|mail)|original (?:message|mail|"
    r"appointment))\s*[-_=*]{2,}\s*",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r"[\s>]*(?:op|on)\b[^\n]{4,160}\b(?:schreef|wrote|heeft)\b[^\n]{0,160}:?\s*"
    r"|[\s>]*[^\n]{2,100}(?:schreef op|wrote on)\b[^\n]{4,80}:\s*",
    re.IGNORECASE,
)
_WROTE_START = re.compile(r"[\s>]*(?:op|on)\s[^\n]{0,60}\d{1,4}[^\n]{0,120}", re.IGNORECASE)
_WROTE_END = re.compile(r"[^\n]{0,160}\b(?:schreef|wrote)\b[^\n]{0,120}:\s*", re.IGNORECASE)
_HEADER_LINE = re.compile(
    r"[\s>]*\**(?P<name>van|from|verzonden|sent|datum|date|aan|to|cc|onderwerp|subject|antwoord aan|reply-to)"
    r"\**\s*:\**\s*(?P<value>[^\n]*)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"\s*(?:(?:met|mvg|m\.v\.g)\b[ .,]*(?:vriendelijke|hartelijke|beste|zonnige|sportieve|"
    r"collegiale)?\s*(?:groet(?:en|jes)?)?"
    r"|(?:vriendelijke|hartelijke|beste) groet(?:en|jes)?|hoogachtend|groet(?:en|jes)?|m\.?v\.?g\.?"
    r"|(?:kind|best|warm|warmest|kindest) (?:regards|wishes)|regards|sincerely(?: yours)?|"
    r"yours (?:sincerely|faithfully|truly)"
    r"|(?:many )?thanks|thank you|thx|cheers|bedankt|alvast bedankt|dank(?: je| u)?(?: wel)?|best|all the best)"
    r"(?:\s+(?:vooraf|alvast|in advance|again|en groeten?|namens [^\n]{0,40}|from [^\n]{0,40}|"
    r"van [^\n]{0,40}))?\s*[,.!]*\s*"
    r"(?:[A-Z][\w.'-]*(?: [\w.'-]+){0,3})?\s*",
)
_DISCLAIMER = re.compile(
    r"\s*(?:disclaimer\b|(?:dit|deze) (?:e-?mail)?(?:bericht)?[^\n]{0,60}(?:vertrouwelijk|"
    r"uitsluitend bestemd|bestemd voor)"
    r"|this (?:e-?mail|message)[^\n]{0,60}(?:confidential|intended)|denk aan het milieu|please consider the environment"
    r"|(?:verzonden|verstuurd) (?:vanaf|met|vanuit|via) |sent (?:from|with) (?:my|outlook)|"
    r"op al onze (?:leveringen|offertes|diensten))",
    re.IGNORECASE,
)
_MOST_SIGNATURE_WORDS = 9
_LONGEST_MARK, _LONGEST_HEADER = 400, 1_000
"""Characters; longer lines announce nothing."""


def is_forward(subject: str) -> bool:
    """Whether a subject says that the mail passes another one on."""
    return _FORWARD_SUBJECT.match(subject) is not None


def marked(part: Part, forward: bool) -> Part:
    """The part with its regions; `forward` as the subject says."""
    if part.kind is PartKind.PDF or part.name:
        kind = RegionKind.FORWARDED if part.forwarded else RegionKind.BODY
        return replace(part, regions=(Region(kind, 0, len(part.text)),))
    return replace(part, regions=tuple(_joined(_kinds(part, forward))))


def _lines(text: str) -> list[tuple[int, str]]:
    found, start = [], 0
    for line in text.split("\n"):
        found.append((start, line))
        start += len(line) + 1
    return found


def _kinds(part: Part, forward: bool) -> Iterator[tuple[RegionKind, int, int]]:
    lines = _lines(part.text)
    passage = RegionKind.FORWARDED if part.forwarded else RegionKind.BODY
    kind, skip = passage, 0
    for number, (start, line) in enumerate(lines):
        end = min(len(part.text), start + len(line) + 1)
        skip = max(0, skip - 1)
        begun = _begins(lines, number, forward) if not skip else None
        if begun is not None:
            passage, skip = begun
            kind = passage
        elif not skip and kind is not RegionKind.SIGNATURE and _ends(lines, number):
            kind = RegionKind.SIGNATURE
        yield RegionKind.HEADER if skip else _of_line(line, kind), start, end


def _of_line(line: str, kind: RegionKind) -> RegionKind:
    if kind is RegionKind.BODY and line.lstrip().startswith(">"):
        return RegionKind.QUOTED
    return kind


def _begins(lines: list[tuple[int, str]], number: int, forward: bool) -> tuple[RegionKind, int] | None:
    """The kind of the passage that begins here and how many lines announce it."""
    line = lines[number][1]
    if len(line) > _LONGEST_MARK:
        return None
    below = _header_lines(lines, number + 1)
    if _FORWARD_MARK.fullmatch(line):
        return RegionKind.FORWARDED, 1 + below
    if _ORIGINAL_MARK.fullmatch(line):
        return (RegionKind.FORWARDED if forward else RegionKind.QUOTED), 1 + below
    if _WROTE.fullmatch(line):
        return (RegionKind.FORWARDED if forward else RegionKind.QUOTED), 1 + below
    if (
        _WROTE_START.fullmatch(line)
        and number + 1 < len(lines)
        and _WROTE_END.fullmatch(lines[number + 1][1][:_LONGEST_MARK])
    ):
        return (RegionKind.FORWARDED if forward else RegionKind.QUOTED), 2
    own = _header_lines(lines, number)
    if own >= 3:
        return (RegionKind.FORWARDED if forward else RegionKind.QUOTED), own
    return None


def _header_lines(lines: list[tuple[int, str]], number: int) -> int:
    """How many lines from here on are the head of a mail: at least who and a subject or a date."""
    names: set[str] = set()
    count = 0
    for _, line in lines[number : number + 9]:
        found = _HEADER_LINE.fullmatch(line[:_LONGEST_HEADER])
        if found and found["name"].lower() not in names:
            names.add(found["name"].lower())
        elif line.strip(" >") or names:
            break
        count += 1
    is_head = names & {"van", "from"} and names & {"verzonden", "sent", "datum", "date", "onderwerp", "subject"}
    return count if is_head else 0


def _ends(lines: list[tuple[int, str]], number: int) -> bool:
    """Whether the closing words stand on this line."""
    line = lines[number][1]
    if len(line) > _LONGEST_MARK:
        return False
    bare = re.sub(r"^[\s>]+", "", line)
    if line.rstrip() in ("--", "-- ", "> --") or _DISCLAIMER.match(bare):
        return True
    if not bare.strip() or len(bare.split()) > _MOST_SIGNATURE_WORDS:
        return False
    return _closes(bare)


def _closes(bare: str) -> bool:
    lowered = " ".join(bare.split())
    lowered = lowered[:1].lower() + lowered[1:] if lowered.isupper() is False else lowered.lower()
    return _CLOSING.fullmatch(lowered) is not None


def _joined(kinds: Iterator[tuple[RegionKind, int, int]]) -> Iterator[Region]:
    """Neighbours of one kind as one region."""
    last: Region | None = None
    for kind, start, end in kinds:
        if last is not None and last.kind is kind:
            last = Region(kind, last.start, end)
            continue
        if last is not None:
            yield last
        last = Region(kind, start, end)
    if last is not None:
        yield last

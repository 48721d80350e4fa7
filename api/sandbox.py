"""Sandboxes of partners, and the runs of their checks."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import aliased
from strawberry.scalars import JSON

from api.context import Info
from api.enums import described
from api.inputs import key_of
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Listing,
    Node,
    Sort,
    Source,
    column,
    derived,
    expression,
    field,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from domain.sandbox import letters, making
from domain.sandbox.checks import BY_CODE
from domain.sandbox.life import LifeStep
from domain.sandbox.models import CheckState, RunState
from domain.sandbox.models import PartnerSandbox as SandboxRow
from domain.sandbox.models import SandboxCheck as CheckRow
from domain.sandbox.models import SandboxRun as RunRow
from domain.webhooks.models import Fault
from tenants.audience import Audience
from tenants.auth import clock as real_time
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.organizations import Organization

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
SandboxRef = Annotated["PartnerSandbox", strawberry.lazy("api.sandbox")]
_READ = Permission.INTEGRATIONS_READ

strawberry.enum(RunState, name="SandboxRunState")
strawberry.enum(CheckState, name="SandboxCheckState")
strawberry.enum(Fault, name="WebhookFault")
strawberry.enum(LifeStep, name="SandboxStep")
described(
    RunState,
    "Where a run of the checks is.",
    RUNNING="It goes on.",
    PASSED="All that going live asks for was proved.",
    FAILED="Something that going live asks for was not proved.",
    STOPPED="It ended before all was looked at.",
)
described(
    CheckState,
    "What came of a check.",
    WAITING="It was not looked at yet.",
    PASSED="It was proved; the evidence says by what.",
    FAILED="Nothing proves it; the hint says what to do.",
    SKIPPED="It does not concern the ways in which the partner works with us.",
)
described(
    Fault,
    "How a message of a sandbox is made to go wrong, once.",
    DUPLICATE="It is sent again after it arrived.",
    LATE="It is sent an hour late.",
    OUT_OF_ORDER="It is sent after the next one about the same subject.",
    BAD_SIGNATURE="It is sent with a signature that is not ours first.",
    SERVER_ERROR="The first attempt is not sent, and counts as answered 500.",
    TIMEOUT="The first attempt is sent, and its answer counts as lost.",
)
described(
    LifeStep,
    "What is done to an order of a sandbox.",
    SEND_QUOTE="Its quote is sent.",
    APPROVE="Customer and partner sign; the last signature makes the order.",
    DECLINE="The customer declines the quote.",
    EXPIRE="The quote expires.",
    SCHEDULE="It gets a day and an installer.",
    START="The work begins.",
    COMPLETE="The work is done.",
    HOLD="It is put on hold.",
    RESUME="The hold ends.",
    CANCEL="It is cancelled.",
)


def _own(listing: Listing, row: Any) -> Source | None:
    """Staff of one entity and partners walk their own index."""
    if listing.audience is Audience.STAFF and listing.one_entity:
        return Source(where=[row.entity_id == listing.actor.entity_id])
    if listing.audience is Audience.PARTNER:
        return Source(where=[row.organization_id == listing.actor.organization_id])
    return None


def _words(which: str) -> Any:
    def resolve(values: Mapping[str, Any], info: Any) -> str:
        check = BY_CODE.get(values["code"])
        return getattr(check, which)[info.context.language == "en"] if check else ""

    return resolve


@reads(CheckRow)
@strawberry.type(description="One thing that a run looked at.")
class SandboxCheck(Node):
    code: str = column("Which check, such as WEBHOOK_SIGNATURE_CHECKED.")
    title: str = derived("What it proves, in words.", needs=lambda c: {"code": c.code}, resolve=_words("title"))
    hint: str = derived("What to do to pass it.", needs=lambda c: {"code": c.code}, resolve=_words("hint"))
    required: bool = column("Whether going live waits for it.")
    state: CheckState = column("What came of it.")
    evidence: JSON = column("What it was decided by: numbers of orders, ids of messages and requests, times.")
    checked_at: datetime | None = column("When it was decided.")


def _counted(run: Any, *states: CheckState) -> Any:
    check = aliased(CheckRow)
    counted = select(cast(func.count(), Integer)).where(check.run_id == run.id)
    if states:
        counted = counted.where(check.state.in_([state.value for state in states]))
    return counted.scalar_subquery()


@reads(RunRow, source=_own)
@strawberry.type(description="One run of the checks of a sandbox.")
class SandboxRun(Node):
    state: RunState = column("Where it is.")
    passed: bool = expression(
        "Whether it proves all that going live asks for.", lambda r: r.state == RunState.PASSED.value
    )
    score: int = column("Percent of the weight of all checks that concern the partner, 0 to 100.")
    progress_text: str = column("What it is at; empty when it is over.")
    check_count: int = expression("How many checks there are.", lambda r: _counted(r))
    passed_count: int = expression("How many passed.", lambda r: _counted(r, CheckState.PASSED))
    failed_count: int = expression("How many failed.", lambda r: _counted(r, CheckState.FAILED))
    created_at: datetime = column("When it began.")
    finished_at: datetime | None = column("When it was over.")
    sandbox: SandboxRef | None = related("Of which sandbox.", on=lambda r, s: s.id == r.sandbox_id)
    checks: list[SandboxCheck] = related_list(
        "What it looked at, in order.", on=lambda r, c: c.run_id == r.id, order_by=lambda c: c.position
    )


@filters(RunRow)
@strawberry.input(description="Which runs; all conditions hold together.")
class SandboxRunFilter:
    sandbox_id: IDFilter | None = match("Of this sandbox.", node="PartnerSandbox")
    state: EnumFilter[RunState] | None = match("By state.")
    created_at: DateTimeFilter | None = match("By when it began.")


RUN_SORT = Sort(RunRow, created_at="When it began.", default="-created_at")


def _shows(values: Mapping[str, Any], _info: Any) -> datetime:
    frozen = values["frozen"]
    if frozen is None:
        return real_time.now() + timedelta(seconds=values["offset"])
    return datetime.fromisoformat(frozen) if isinstance(frozen, str) else frozen


@reads(SandboxRow, source=_own)
@strawberry.type(
    description="A partner's copy of an entity to try things in: catalog, prices, article map and terms are the "
    "partner's own, nothing in it is planned, billed or counted, and no letter leaves it."
)
class PartnerSandbox(Node):
    clock: datetime = derived(
        "What its clock shows now.",
        needs=lambda s: {"offset": s.clock_offset_seconds, "frozen": s.clock_frozen_at},
        resolve=_shows,
    )
    clock_offset_seconds: int = column("How far its clock is ahead of the real time.")
    clock_frozen_at: datetime | None = column("At what time its clock stands still.")
    faults: JSON = column('How many of its messages go wrong how: `{"DUPLICATE": 0.1}`.')
    copied_at: datetime = column("When catalog, prices, article map and terms were copied last.")
    emptied_at: datetime = column("Since when what is sent counts.")
    created_at: datetime = column("When it was made.")
    entity: EntityRef | None = related("Beside which business entity.", on=lambda s, e: e.id == s.entity_id)
    organization: OrganizationRef | None = related("Of which partner.", on=lambda s, o: o.id == s.organization_id)
    runs: Connection[SandboxRun] = related_connection(
        "Runs of its checks, newest first.",
        on=lambda s, r: r.sandbox_id == s.id,
        filter=SandboxRunFilter,
        order=RUN_SORT,
    )
    latest_run: SandboxRun | None = related(
        "The last run.", on=lambda s, r: r.sandbox_id == s.id, order_by=lambda r: r.created_at.desc()
    )


@filters(SandboxRow)
@strawberry.input(description="Which sandboxes; all conditions hold together.")
class PartnerSandboxFilter:
    entity_id: IDFilter | None = match("Beside this business entity.", node="BusinessEntity")
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")
    created_at: DateTimeFilter | None = match("By when it was made.")


SANDBOX_SORT = Sort(SandboxRow, created_at="When it was made.", default="-created_at")


@strawberry.type(description="A letter that a sandbox would have sent.")
class SandboxMail:
    cursor: str = strawberry.field(description="For `before`.")
    created_at: datetime = strawberry.field(description="When it was written.")
    recipient: str = strawberry.field(description="To whom it would have gone.")
    subject: str = strawberry.field(description="Its subject.")
    body: str = strawberry.field(description="What it says.")


@strawberry.type
class SandboxQueries:
    partner_sandbox: PartnerSandbox | None = read_one("One sandbox of a partner.", requires=_READ)
    partner_sandboxes: Connection[PartnerSandbox] = read_connection(
        "Sandboxes that you may see.", filter=PartnerSandboxFilter, order=SANDBOX_SORT, requires=_READ
    )
    sandbox_run: SandboxRun | None = read_one("One run of the checks of a sandbox.", requires=_READ)
    sandbox_runs: Connection[SandboxRun] = read_connection(
        "Runs of the checks of sandboxes.", filter=SandboxRunFilter, order=RUN_SORT, requires=_READ
    )

    @field("Letters that a sandbox would have sent, newest first.", requires=_READ, most=letters.MOST)
    async def sandbox_mails(
        self,
        info: Info,
        sandbox_id: Annotated[strawberry.ID, strawberry.argument(description="The sandbox.")],
        first: Annotated[int, strawberry.argument(description="How many, at most 100.")] = 20,
        before: Annotated[
            str | None, strawberry.argument(description="Only those written before the one with this cursor.")
        ] = None,
    ) -> list[SandboxMail]:
        key = key_of("PartnerSandbox", sandbox_id, "sandboxId")
        async with info.context.system() as session:
            sandbox = await making.seen(session, info.context.actor, key, lock=False)
            found = await letters.kept(session, sandbox, most=first, before=_uuid(before))
        return [
            SandboxMail(
                cursor=str(each.id),
                created_at=each.at,
                recipient=each.recipient,
                subject=each.subject,
                body=each.body,
            )
            for each in found
        ]


def _uuid(given: str | None) -> UUID | None:
    try:
        return UUID(given) if given else None
    except ValueError:
        return None


TYPES = (PartnerSandbox, SandboxRun, SandboxCheck)

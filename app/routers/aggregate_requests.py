"""What requests for aggregates consist of."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import Depends, Header, Query, Request

from app.db.database import Database
from app.policy import Principal
from app.routers.dependencies import AggregatesReader, Now, database_of
from app.schemas.base import Day, QueryInstant
from app.services.aggregates.scopes import AggregateQuery
from app.text.writing import Language
from app.vocabulary import Basis, Breakdown


@dataclass(frozen=True, slots=True)
class FileWording:
    """The words of a file. csv: `vi` for people, None for machines; lang: that of XLSX."""

    csv: Literal["vi"] | None
    lang: Language


@dataclass(frozen=True)
class AggregateRequest:
    """What all requests for aggregates have in common."""

    request: Request
    query: AggregateQuery
    principal: Principal
    database: Database
    wording: FileWording


async def aggregate_request(
    request: Request,
    principal: AggregatesReader,
    now: Now,
    agency: Annotated[
        str | None,
        Query(max_length=64, description="The root of the subtree; without it your whole reach."),
    ] = None,
    plan: Annotated[
        str | None,
        Query(
            max_length=64,
            description="The code of one plan; without it all plans of the programme count whose "
            "reporters lie in the subtree.",
        ),
    ] = None,
    programme: Annotated[
        str | None,
        Query(
            max_length=64,
            description="The code of the programme; may be left out while plans of only one fit.",
        ),
    ] = None,
    basis: Annotated[
        Basis, Query(description="Whether the last accepted or the last submitted revisions count.")
    ] = Basis.ACCEPTED,
    as_of: Annotated[
        QueryInstant | None, Query(description="The figures as they were at this instant.")
    ] = None,
    csv: Annotated[
        Literal["vi"] | None,
        Query(
            description="`vi`: CSV for people, as Excel with Vietnamese settings opens it: `;` "
            "between the cells, a decimal comma, words in place of codes. Without it CSV has codes."
        ),
    ] = None,
    lang: Annotated[
        Language, Query(description="The language of the headings and words of XLSX.")
    ] = "vi",
    if_none_match: Annotated[  # noqa: ARG001 - for OpenAPI; read from the request, where it can have several lines
        str | None,
        Header(
            alias="If-None-Match",
            description="An earlier ETag; the answer is 304 if nothing has changed.",
        ),
    ] = None,
) -> AggregateRequest:
    """Collect what a request for an aggregate consists of, without its period."""
    query = AggregateQuery(
        period=None,
        plan=plan,
        programme=programme,
        agency=agency,
        basis=basis,
        as_of=as_of,
        now=now,
    )
    wording = FileWording(csv, lang)
    return AggregateRequest(request, query, principal, database_of(request), wording)


Shared = Annotated[AggregateRequest, Depends(aggregate_request)]


async def period_request(
    shared: Shared,
    period: Annotated[str, Query(max_length=64, examples=["2024-Q2"])],
    by: Annotated[
        Breakdown | None,
        Query(
            description="Break the rows down by the governments next below the root, by reporting "
            "agencies, by kinds of agencies, or by projects.",
        ),
    ] = None,
    regroup: Annotated[
        Day | None,
        Query(
            description="Count past figures for the agencies of this day, along whole mergers; "
            "`agency` is read on it too. Those of divided agencies stay under their old names.",
        ),
    ] = None,
) -> AggregateRequest:
    """The request for an aggregate of one period."""
    query = replace(shared.query, period=period, by=by, regroup=regroup)
    return replace(shared, query=query)


async def target_request(
    shared: Shared,
    period: Annotated[
        str | None,
        Query(max_length=64, description="The code of the period; without it the plan's year."),
    ] = None,
    by: Annotated[
        Literal["agency", "government"] | None,
        Query(
            description="`agency`: rows for each agency. `government`: rows for each government "
            "next below the root."
        ),
    ] = None,
) -> AggregateRequest:
    """The request for the progress of targets."""
    query = replace(shared.query, period=period, by=by and Breakdown(by))
    return replace(shared, query=query)


Parameters = Annotated[AggregateRequest, Depends(period_request)]
TargetParameters = Annotated[AggregateRequest, Depends(target_request)]

"""The plan's text by section, with the part of the visitor's agency first."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.routers.dependencies import ReadSession
from app.services.reference import plan_document
from app.services.reference.plan_document import PlanDocument
from app.text import terms
from app.text.writing import day, figure
from app.vocabulary import AssignmentRole
from app.web.page import page
from app.web.sessions import ReferenceVisitor, SessionRoute

router = APIRouter(route_class=SessionRoute, include_in_schema=False)

OWN_ROLES = {AssignmentRole.LEAD: "chủ trì", AssignmentRole.COORDINATING: "phối hợp"}


@router.get("/plan")
async def show_plan(
    request: Request,
    visitor: ReferenceVisitor,
    session: ReadSession,
    plan: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """Show one plan: the named one, or the one that is closest to the visitor's agency."""
    choices = await plan_document.list_choices(session, visitor.principal)
    if plan is None and not choices:
        return page(request, "plan.html", plan=None, choices=[])
    document = await plan_document.get(session, visitor.principal, plan or choices[0]["code"])
    return page(
        request,
        "plan.html",
        choices=choices,
        vnd=_vnd,
        number=_number,
        written_day=_written_day,
        **_facts(document),
    )


def _facts(document: PlanDocument) -> dict[str, Any]:
    own_duties = [row for row in document.responsibilities if row["is_own"]]
    return {
        "plan": document.plan,
        "components": document.components,
        "own_components": [
            {**row, "role": OWN_ROLES[AssignmentRole(row["own_role"])]}
            for row in document.components
            if row["own_role"]
        ],
        "duties": document.responsibilities,
        "own_duties": own_duties,
        "own_money": [_money(row) for row in document.own_money],
        "own_total": sum(row["amount_vnd"] for row in document.own_money),
    }


def _money(row: Mapping[str, Any]) -> dict[str, Any]:
    words = [terms.BUDGET_SOURCE[row["source"]].vi, terms.BUDGET_ORIGIN[row["origin"]].vi]
    if row["nature"]:
        words.append(terms.BUDGET_NATURE[row["nature"]].vi)
    return {**row, "words": ", ".join(words)}


def _vnd(amount: int | None) -> str:
    return f"{figure(amount or 0, 'vi')} đồng"


def _number(value: Decimal) -> str:
    return figure(value, "vi")


def _written_day(value: date | None) -> str:
    return day(value) if value else ""

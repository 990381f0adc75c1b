"""The form of a report: what is asked for, with what was reported before."""

from fastapi import APIRouter

from app.errors import AmbiguousPlan, NotFound
from app.http.routing import StrictRoute
from app.routers.dependencies import AddressedReport, DirectDriver, ReportsReader
from app.routers.responses import problems
from app.schemas.report_forms import FormOut
from app.services.reports import form
from app.services.reports.form import Form, FormFigure
from app.text import terms

router = APIRouter(prefix="/reports", tags=["reports"], route_class=StrictRoute)

LABELS = {
    "kind": terms.INDICATOR_KIND,
    "source": terms.BUDGET_SOURCE,
    "origin": terms.BUDGET_ORIGIN,
    "nature": terms.BUDGET_NATURE,
    "derived_from": terms.PROPOSAL_RULE,
    "report_status": terms.STATUS,
}
"""The enumerations of a form, by the fields that have them."""


@router.get(
    "/{period}/{agency}/expected",
    summary="Get what a report is asked for",
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_expected(
    key: AddressedReport, principal: ReportsReader, driver: DirectDriver
) -> FormOut:
    """Get the expected figures with the last period's, sums, proposals, and the agency's money."""
    return _form(await form.get(driver, principal, key))


def _form(made: Form) -> FormOut:
    return FormOut.model_validate(
        {
            **made.subject,
            "asks_estimates": made.asks_estimates,
            "asks_money_estimates": made.asks_money_estimates,
            "period_names": made.period_names,
            "labels": LABELS,
            "components": [dict(row) for row in made.components],
            "figures": [_figure(figure) for figure in made.figures],
            "money": [dict(row) for row in made.money],
        }
    )


def _figure(figure: FormFigure) -> dict[str, object]:
    beside = figure.beside
    return {
        **figure.row,
        "previous": beside.previous,
        "sum_of_quarters": beside.sum_of_quarters,
        "proposal": beside.proposal,
    }

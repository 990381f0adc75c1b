"""Exception handlers that respond with problem documents (RFC 9457)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from http import HTTPStatus
from typing import Any

import asyncpg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from app.db.database import Database
from app.db.failures import Failure, cause_of, failure_of
from app.errors import (
    AlreadyExists,
    BodyTooLarge,
    DatabaseUnavailable,
    FieldError,
    InsufficientStorage,
    InternalError,
    MalformedJson,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    Problem,
    Stale,
    StateConflict,
    UnsupportedMediaType,
    ValidationFailed,
)
from app.http.headers import preferred_language
from app.http.strict_json import MAX_ERRORS, child_pointer, printable
from app.text import terms
from app.text.bilingual import Bilingual
from app.text.validation_messages import DEFAULT_MESSAGE, MESSAGES, PATTERN_EXAMPLES

logger = logging.getLogger("tiendo")

MEDIA_TYPE = "application/problem+json"
RENDERER = "tiendo.problem_renderer"
"""Key in a request's scope: a function that renders problems in another way, e.g. as a page."""

PROJECT_EXISTS = AlreadyExists(Bilingual("dự án có mã này", "a project with this code"))
INDICATOR_EXISTS = AlreadyExists(Bilingual("chỉ tiêu có mã này", "an indicator with this code"))
CONSTRAINTS: dict[str, Problem] = {
    "agency_code_once_at_a_time": AlreadyExists(
        Bilingual(
            "đơn vị dùng mã này trong thời gian đó",
            "an agency with this code in that period",
        )
    ),
    "agency_identifier_key": AlreadyExists(
        Bilingual("đơn vị có mã định danh này", "an agency with this identifier")
    ),
    "account_username_key": AlreadyExists(
        Bilingual("tài khoản có tên đăng nhập này", "an account with this user name")
    ),
    "project_programme_id_plan_id_code_key": PROJECT_EXISTS,
    "plan_project_pkey": PROJECT_EXISTS,
    "indicator_programme_id_plan_id_code_key": INDICATOR_EXISTS,
    "plan_indicator_pkey": INDICATOR_EXISTS,
    "reminder_rule_schedule_id_agency_id_code_key": AlreadyExists(
        Bilingual("quy tắc nhắc có mã này", "a reminder rule with this code")
    ),
    "budget_line_once": AlreadyExists(
        Bilingual(
            "khoản vốn cùng dự án, đơn vị, nguồn vốn, năm của vốn và quyết định",
            "a budget line like this",
        )
    ),
}
"""The error for each violated database constraint."""

CLIENT_CLOSED_REQUEST = 499
"""The status under which nginx logs a request whose client hung up. It is counted, not sent."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""The methods of routes, in the order of `Allow`. `HeadAsGet` adds HEAD to each GET."""


PROBLEMS: dict[Failure, Callable[[], Problem]] = {
    Failure.BUSY: Overloaded,
    Failure.UNREACHABLE: DatabaseUnavailable,
    Failure.FULL: InsufficientStorage,
}
"""The problem for each failure of the database."""


def response(request: Request, problem: Problem) -> Response:
    """The response for a problem."""
    if RENDERER in request.scope:
        rendered: Response = request.scope[RENDERER](request, problem)
        return rendered
    document = problem.document(preferred_language(request))
    return JSONResponse(
        _printable(document),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers_of(problem),
    )


def headers_of(problem: Problem) -> dict[str, str]:
    """The response headers of a problem: WWW-Authenticate, Retry-After, Allow."""
    headers = {}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if isinstance(problem, MethodNotAllowed):
        headers["Allow"] = ", ".join(problem.allowed)
    return headers


def install(app: FastAPI) -> None:
    """Register a handler for each expected exception: domain, framework, database."""
    handlers: Mapping[Any, Any] = {
        Problem: _handle_problem,
        RequestValidationError: _handle_validation,
        HTTPException: _handle_http,
        ClientDisconnect: _handle_disconnect,
        StaleDataError: _handle_stale,
        DBAPIError: _handle_database,
        PoolTimeout: _handle_database,
        OSError: _handle_database,
        # Direct asyncpg queries bypass SQLAlchemy, which would wrap these in a DBAPIError.
        asyncpg.PostgresError: _handle_database,
        asyncpg.InterfaceError: _handle_database,
        asyncpg.InternalClientError: _handle_database,
    }
    for exception, handler in handlers.items():
        app.add_exception_handler(exception, handler)


async def _handle_problem(request: Request, problem: Problem) -> Response:
    return response(request, problem)


async def _handle_validation(request: Request, error: RequestValidationError) -> Response:
    return response(request, from_validation(error.errors()))


async def _handle_http(request: Request, error: HTTPException) -> Response:
    return response(request, _from_http(request, error))


async def _handle_disconnect(request: Request, _: ClientDisconnect) -> Response:
    logger.debug("request %s: the client hung up", request.scope.get("request_id", ""))
    return Response(status_code=CLIENT_CLOSED_REQUEST)


async def _handle_database(request: Request, error: Exception) -> Response:
    return response(request, _from_database(request, error))


async def _handle_stale(request: Request, _: StaleDataError) -> Response:
    return response(request, Stale())


def _printable(value: Any) -> Any:
    match value:
        case str():
            return printable(value)
        case list():
            return [_printable(item) for item in value]
        case dict():
            return {printable(key): _printable(item) for key, item in value.items()}
    return value


def from_validation(errors: Sequence[Mapping[str, Any]]) -> ValidationFailed:
    """The problem for Pydantic's errors, whose locations begin with the part of the request."""
    return ValidationFailed([_field_error(error) for error in errors[:MAX_ERRORS]])


def _field_error(error: Mapping[str, Any]) -> FieldError:
    part, *steps = error["loc"]
    facts = dict(error.get("ctx", {}))
    if "pattern" in facts:
        facts["example"] = PATTERN_EXAMPLES[facts["pattern"]]
    if "expected" in facts:
        facts["expected"] = _choices(facts["expected"])
    return FieldError(
        pointer=reduce(child_pointer, map(str, steps), ""),
        code=error["type"],
        message=MESSAGES.get(error["type"], DEFAULT_MESSAGE),
        facts=facts,
        part=part,
    )


def _choices(expected: str) -> Bilingual:
    """Pydantic's list of allowed values (`'a', 'b' or 'c'`) in both languages."""
    return Bilingual(" hoặc ".join(expected.rsplit(" or ", 1)), expected)


def _from_http(request: Request, error: HTTPException) -> Problem:
    match error.status_code:
        case 400:
            return MalformedJson(position=0)
        case 404:
            return NotFound(terms.PATH)
        case 405:
            return MethodNotAllowed(_allowed(request))
        case 413:
            return BodyTooLarge()
        case 415:
            return UnsupportedMediaType(expected="application/json")
    raise error


def _allowed(request: Request) -> list[str]:
    """The methods that the path supports: each route knows only its own, so try every method."""
    allowed = [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]
    return [*allowed[:1], "HEAD", *allowed[1:]] if allowed[:1] == ["GET"] else allowed


def _from_database(request: Request, error: Exception) -> Problem:
    if isinstance(error, IntegrityError):
        problem = _from_constraint(error)
        return problem if problem is not None else internal_error(request, error)
    failure = failure_of(error)
    if failure is None:
        return internal_error(request, error)
    database: Database = request.app.state.database
    database.watch.report(failure, error)
    return PROBLEMS[failure]()


def _from_constraint(error: IntegrityError) -> Problem | None:
    cause = cause_of(error)
    name = getattr(cause, "constraint_name", None) or ""
    if name in CONSTRAINTS:
        return CONSTRAINTS[name]
    if isinstance(cause, asyncpg.ForeignKeyViolationError):
        return StateConflict(
            Bilingual(
                "Dữ liệu này đang được dùng ở nơi khác nên không xóa được.",
                "Other data refers to this, so it cannot be deleted.",
            )
        )
    return None


def internal_error(request: Request, error: Exception) -> Problem:
    """The problem for an unexpected error, which is logged with the request's ID."""
    request_id = request.scope.get("request_id", "")
    logger.error("request %s failed", request_id, exc_info=error)
    return InternalError(request_id=request_id)

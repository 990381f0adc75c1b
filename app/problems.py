"""Turning exceptions into problem documents: ours, the framework's, and the database's."""

import logging
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import asyncpg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app import terms
from app.errors import (
    AlreadyExists,
    Bilingual,
    BodyTooLarge,
    FieldError,
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
from app.strict_json import MOST_FAULTS, below, printable
from app.writing import Language

logger = logging.getLogger("tiendo")

MEDIA_TYPE = "application/problem+json"
SHOWN_BY = "tiendo.problem_shown_by"
"""Where a request's scope holds what shows its problems, if that is not a problem document."""

EXPECTED = {
    "missing": Bilingual("Thiếu trường bắt buộc này.", "This field is required."),
    "extra_forbidden": Bilingual("Không có trường này.", "There is no such field."),
    "string_type": Bilingual("Cần một chuỗi ký tự.", "Expected a text."),
    "int_type": Bilingual("Cần một số nguyên.", "Expected an integer."),
    "int_parsing": Bilingual("Cần một số nguyên.", "Expected an integer."),
    "int_from_float": Bilingual("Cần một số nguyên.", "Expected an integer."),
    "int_parsing_size": Bilingual("Số quá lớn.", "The number is too large."),
    "bool_type": Bilingual("Cần true hoặc false.", "Expected true or false."),
    "bool_parsing": Bilingual("Cần true hoặc false.", "Expected true or false."),
    "number_type": Bilingual("Cần một số.", "Expected a number."),
    "decimal_type": Bilingual("Cần một số.", "Expected a number."),
    "decimal_parsing": Bilingual("Cần một số.", "Expected a number."),
    "decimal_max_places": Bilingual(
        "Tối đa {decimal_places} chữ số thập phân.",
        "At most {decimal_places:decimal place|decimal places}.",
    ),
    "decimal_max_digits": Bilingual(
        "Tối đa {max_digits} chữ số.", "At most {max_digits:digit|digits}."
    ),
    "decimal_whole_digits": Bilingual(
        "Tối đa {whole_digits} chữ số phần nguyên.",
        "At most {whole_digits:digit|digits} before the point.",
    ),
    "finite_number": Bilingual("Cần một số hữu hạn.", "Expected a finite number."),
    "greater_than": Bilingual("Cần lớn hơn {gt}.", "Expected more than {gt}."),
    "greater_than_equal": Bilingual("Cần từ {ge} trở lên.", "Expected {ge} or more."),
    "less_than": Bilingual("Cần nhỏ hơn {lt}.", "Expected less than {lt}."),
    "less_than_equal": Bilingual("Cần không quá {le}.", "Expected {le} or less."),
    "string_too_short": Bilingual(
        "Cần ít nhất {min_length} ký tự.", "Expected at least {min_length:character|characters}."
    ),
    "string_too_long": Bilingual(
        "Cần không quá {max_length} ký tự.", "Expected at most {max_length:character|characters}."
    ),
    "not_one_line": Bilingual(
        "Cần một dòng chữ, không có ký tự xuống dòng hay ký tự điều khiển.",
        "Expected one line of text, without line breaks and control characters.",
    ),
    "control_character": Bilingual(
        "Văn bản chứa ký tự điều khiển không hợp lệ; chỉ dùng xuống dòng và tab.",
        "The text holds control characters; of these only line breaks and tabs are taken.",
    ),
    "string_pattern_mismatch": Bilingual(
        "Không đúng dạng; cần khớp với {pattern}.", "Expected the form {pattern}."
    ),
    "too_short": Bilingual(
        "Cần ít nhất {min_length} mục.", "Expected at least {min_length:item|items}."
    ),
    "too_long": Bilingual(
        "Cần không quá {max_length} mục.", "Expected at most {max_length:item|items}."
    ),
    "enum": Bilingual("Cần một trong: {expected}.", "Expected one of: {expected}."),
    "literal_error": Bilingual("Cần một trong: {expected}.", "Expected one of: {expected}."),
    "date_type": Bilingual("Cần một ngày dạng YYYY-MM-DD.", "Expected a date as YYYY-MM-DD."),
    "date_parsing": Bilingual(
        "Cần một ngày có thật, dạng YYYY-MM-DD.", "Expected a date that exists, as YYYY-MM-DD."
    ),
    "date_from_datetime_parsing": Bilingual(
        "Cần một ngày có thật, dạng YYYY-MM-DD.", "Expected a date that exists, as YYYY-MM-DD."
    ),
    "date_from_datetime_inexact": Bilingual(
        "Cần một ngày dạng YYYY-MM-DD, không kèm giờ.", "Expected a date as YYYY-MM-DD, no time."
    ),
    "datetime_type": Bilingual(
        "Cần một thời điểm ISO 8601 có múi giờ.", "Expected an ISO 8601 instant with its offset."
    ),
    "datetime_parsing": Bilingual(
        "Cần một thời điểm ISO 8601 có múi giờ, ví dụ 2024-06-15T17:30:00+07:00.",
        "Expected an ISO 8601 instant with its offset, as 2024-06-15T17:30:00+07:00.",
    ),
    "datetime_from_date_parsing": Bilingual(
        "Cần một thời điểm ISO 8601 có múi giờ, ví dụ 2024-06-15T17:30:00+07:00.",
        "Expected an ISO 8601 instant with its offset, as 2024-06-15T17:30:00+07:00.",
    ),
    "timezone_aware": Bilingual(
        "Thời điểm phải kèm múi giờ, ví dụ +07:00.", "The instant needs its offset, as +07:00."
    ),
    "list_type": Bilingual("Cần một danh sách.", "Expected a list."),
    "dict_type": Bilingual("Cần một đối tượng JSON.", "Expected a JSON object."),
    "model_type": Bilingual("Cần một đối tượng JSON.", "Expected a JSON object."),
    "model_attributes_type": Bilingual("Cần một đối tượng JSON.", "Expected a JSON object."),
    "time_of_day": Bilingual(
        "Cần giờ trong ngày dạng HH:MM, ví dụ 08:00.", "Expected a time of day as HH:MM, as 08:00."
    ),
    "repeats": Bilingual(
        "repeat_days và repeat_times phải đi cùng nhau.",
        "repeat_days and repeat_times go together.",
    ),
    "web_address": Bilingual(
        "Cần địa chỉ bắt đầu bằng http:// hoặc https://, không kèm tên và mật khẩu.",
        "Expected an address that starts with http:// or https://, without name and password.",
    ),
    "not_unique": Bilingual("Mỗi giá trị chỉ nêu một lần.", "Name each value once."),
    "email": Bilingual(
        "Cần một địa chỉ thư điện tử dạng ten@donvi.vn: chữ cái không dấu và chữ số, không có "
        "khoảng trắng hay dấu ngoặc.",
        "Expected an e-mail address as name@office.vn: ASCII letters and digits, no spaces or "
        "brackets.",
    ),
}
OTHERWISE = Bilingual("Giá trị không hợp lệ.", "The value is not valid.")

CONSTRAINTS: dict[str, Problem] = {
    "agency_code_once_at_a_time": AlreadyExists(
        Bilingual(
            "đơn vị dùng mã này trong thời gian đó", "an agency that has this code at that time"
        )
    ),
    "agency_identifier_key": AlreadyExists(
        Bilingual("đơn vị có mã định danh này", "an agency with this identifier")
    ),
    "account_username_key": AlreadyExists(
        Bilingual("tài khoản có tên đăng nhập này", "an account with this user name")
    ),
    "project_plan_id_code_key": AlreadyExists(
        Bilingual("dự án có mã này", "a project with this code")
    ),
    "indicator_plan_id_code_key": AlreadyExists(
        Bilingual("chỉ tiêu có mã này", "an indicator with this code")
    ),
    "reminder_rule_schedule_id_agency_id_code_key": AlreadyExists(
        Bilingual("quy tắc nhắc có mã này", "a reminder rule with this code")
    ),
    "budget_line_once": AlreadyExists(Bilingual("dòng vốn như vậy", "a budget line like this")),
}
"""Which domain error a violated constraint stands for."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

BUSY = (
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.TooManyConnectionsError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
)


def language_of(request: Request) -> Language:
    """Vietnamese, unless English is asked for more."""
    weights = {"vi": 0.0, "en": 0.0}
    for part in request.headers.get("accept-language", "").split(","):
        name, _, weight = part.strip().partition(";q=")
        primary = name.split("-")[0].lower()
        if primary in weights:
            try:
                weights[primary] = max(weights[primary], float(weight or 1))
            except ValueError:
                continue
    return "en" if weights["en"] > weights["vi"] else "vi"


def response(request: Request, problem: Problem) -> Response:
    """The answer that tells of a problem."""
    if SHOWN_BY in request.scope:
        shown: Response = request.scope[SHOWN_BY](request, problem)
        return shown
    document = problem.document(language_of(request))
    return JSONResponse(
        _printable(document),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )


def install(app: FastAPI) -> None:
    """Make every exception of the application leave as a problem document."""

    async def domain(request: Request, error: Problem) -> Response:
        return response(request, error)

    async def validation(request: Request, error: RequestValidationError) -> Response:
        return response(request, _from_validation(error.errors()))

    async def http(request: Request, error: HTTPException) -> Response:
        return response(request, _from_http(request, error))

    async def database(request: Request, error: DBAPIError) -> Response:
        return response(request, _from_database(request, error))

    async def stale(request: Request, _: StaleDataError) -> Response:
        return response(request, Stale())

    async def busy(request: Request, error: Exception) -> Response:
        logger.warning("overloaded: %s", error)
        return response(request, Overloaded())

    async def fault(request: Request, error: Exception) -> Response:
        return response(request, _internal(request, error))

    handlers: Mapping[Any, Any] = {
        Problem: domain,
        RequestValidationError: validation,
        HTTPException: http,
        DBAPIError: database,
        StaleDataError: stale,
        PoolTimeout: busy,
        OSError: busy,
        asyncpg.InterfaceError: busy,
        **dict.fromkeys(BUSY, busy),  # from questions, which go past SQLAlchemy
        Exception: fault,
    }
    for exception, handler in handlers.items():
        app.add_exception_handler(exception, handler)


def _printable(value: Any) -> Any:
    match value:
        case str():
            return printable(value)
        case list():
            return [_printable(item) for item in value]
        case dict():
            return {printable(key): _printable(item) for key, item in value.items()}
    return value


def _from_validation(errors: Sequence[Mapping[str, Any]]) -> Problem:
    return ValidationFailed([_field_error(error) for error in errors[:MOST_FAULTS]])


def _field_error(error: Mapping[str, Any]) -> FieldError:
    part, *steps = error["loc"]
    facts = dict(error.get("ctx", {}))
    if "expected" in facts:
        facts["expected"] = _choices(facts["expected"])
    return FieldError(
        pointer=reduce(below, map(str, steps), ""),
        code=error["type"],
        message=EXPECTED.get(error["type"], OTHERWISE),
        facts=facts,
        part=part,
    )


def _choices(expected: str) -> Bilingual:
    """Pydantic's list of what may be chosen: `'a', 'b' or 'c'`."""
    return Bilingual(" hoặc ".join(expected.rsplit(" or ", 1)), expected)


def _from_http(request: Request, error: HTTPException) -> Problem:
    match error.status_code:
        case 400:
            return MalformedJson(position=0)
        case 404:
            return NotFound(terms.PATH)
        case 405:
            return MethodNotAllowed(headers={"Allow": ", ".join(_allowed(request))})
        case 413:
            return BodyTooLarge()
        case 415:
            return UnsupportedMediaType(expected="application/json")
    raise error


def _allowed(request: Request) -> list[str]:
    """The methods that the path takes. Each route knows its own alone, so each method is tried."""
    return [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


def _from_database(request: Request, error: DBAPIError) -> Problem:
    cause = getattr(error.orig, "__cause__", None) or error.orig
    if isinstance(error, IntegrityError):
        name = getattr(cause, "constraint_name", None) or ""
        if name in CONSTRAINTS:
            return CONSTRAINTS[name]
        if isinstance(cause, asyncpg.ForeignKeyViolationError):
            return StateConflict(
                Bilingual("Dữ liệu này đang được dùng.", "Other data depends on this.")
            )
    if isinstance(cause, BUSY) or error.connection_invalidated:
        logger.warning("overloaded: %s", cause)
        return Overloaded()
    return _internal(request, error)


def _internal(request: Request, error: Exception) -> Problem:
    request_id = request.scope.get("request_id", "")
    logger.error("request %s failed", request_id, exc_info=error)
    return InternalError(request_id=request_id)

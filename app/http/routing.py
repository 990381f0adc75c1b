"""Routes that authorise first, and reject what FastAPI ignores: unknown parameters, lax JSON."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from itertools import islice
from typing import Any, ClassVar, Protocol, runtime_checkable

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException

from app.db.storable import storable
from app.errors import FieldError, MalformedForm, NotFound, UnsupportedMediaType, ValidationFailed
from app.http.bodies import MAX_EMPTY_BODY_BYTES, MAX_FORM_BYTES, with_limit
from app.http.strict_json import DUPLICATE_KEY, MAX_ERRORS, NOT_STORABLE, child_pointer, parse
from app.text import terms
from app.text.bilingual import Bilingual
from app.text.validation_messages import MESSAGES

UNKNOWN_PARAMETER = Bilingual(
    "Không có tham số này; các tham số dùng được: {known}.",
    "Unknown parameter. Allowed parameters: {known}.",
)
NO_PARAMETERS = Bilingual(
    "Không có tham số này; địa chỉ này không nhận tham số nào.",
    "Unknown parameter. This path takes no parameters.",
)
PARSE_IN_THREAD_FROM = 64 * 1024
"""Bytes of a body from which parsing would block the event loop for too long."""
DUPLICATE_PARAMETER = Bilingual(
    "Tham số này chỉ được gửi một lần.", "Send this parameter only once."
)
FORM = "application/x-www-form-urlencoded"


class LineIdConvertor(StringConvertor):
    """The path parameter `{…:line_id}`: not `summary`, which is a resource of its own."""

    regex = "(?!summary$)[^/]+"


class PeriodCodeConvertor(StringConvertor):
    """The path parameter `{…:period}`: not `generate`, which is an operation of its own."""

    regex = "(?!generate$)[^/]+"


# Without these, the paths would also have the methods of the parameter's route.
register_url_convertor("line_id", LineIdConvertor())
register_url_convertor("period", PeriodCodeConvertor())


@runtime_checkable
class Guard(Protocol):
    """A dependency that admits a request before its body is read."""

    async def admit(self, request: Request) -> None:
        """Keep what the dependency finds, in the scope of the request.

        Raises:
            Problem: the request is not admitted.
        """


class StrictRequest(Request):
    """A request with a JSON body that is already parsed by `strict_json`."""

    strict_body: Any = None

    async def json(self) -> Any:
        """The parsed body."""
        return self.strict_body


class StrictRoute(APIRoute):
    """A route that accepts only declared parameters, each at most once, and strict JSON.

    Its guards run first, so a body without valid credentials is not read.
    """

    refuses_unknown_parameters: ClassVar[bool] = True

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, preceded by the checks."""
        handle = super().get_route_handler()
        known = [
            field.alias
            for field in get_flat_params(self.dependant)
            if getattr(field.field_info, "in_", None) is ParamTypes.query
        ]
        form_type = _form_type(self)
        takes_no_body = self.body_field is None
        guards = list(_guards(self.dependant))
        is_lenient = not self.refuses_unknown_parameters

        async def handle_strictly(request: Request) -> Response:
            for guard in guards:
                await guard.admit(request)
            if faults := list(islice(_query_faults(request, known, is_lenient), MAX_ERRORS)):
                raise ValidationFailed(faults)
            if not all(storable(str(value)) for value in request.path_params.values()):
                raise NotFound(terms.PATH)
            if form_type is not None:
                request = with_limit(request, MAX_FORM_BYTES) if form_type == FORM else request
                await _ensure_form(request, form_type)
            elif not takes_no_body:
                request = await _with_strict_body(request)
            elif _has_body(request):
                limited = with_limit(request, MAX_EMPTY_BODY_BYTES)
                _ensure_empty((await _with_strict_body(limited)).strict_body)
            return await handle(request)

        return handle_strictly


class SharedLinkRoute(StrictRoute):
    """A route whose address people share: mail programs and networks append `fbclid`, `utm_…`."""

    refuses_unknown_parameters = False


def _form_type(route: APIRoute) -> str | None:
    """The media type of the form that a route expects; None if it expects no form."""
    kinds = {type(field.field_info).__name__ for field in route.dependant.body_params}
    if "File" in kinds:
        return "multipart/form-data"
    return FORM if "Form" in kinds else None


def _guards(dependant: Dependant) -> Iterator[Guard]:
    """The guards among the dependencies, direct and indirect."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Guard):
            yield dependency.call
        yield from _guards(dependency)


async def _ensure_form(request: Request, expected: str) -> None:
    """Ensure that the body is a form of this media type with each field sent once.

    Raises:
        UnsupportedMediaType: the body has another media type.
        MalformedForm: the form cannot be parsed.
        ValidationFailed: a field occurs more than once.
    """
    if _media_type(request) != expected:
        raise UnsupportedMediaType(expected=expected)
    try:
        form = await request.form()
    except HTTPException:
        raise MalformedForm(expected=expected) from None
    names = [name for name, _ in form.multi_items()]
    if duplicates := sorted({name for name in names if names.count(name) > 1})[:MAX_ERRORS]:
        raise ValidationFailed(
            [
                FieldError(child_pointer("", name), "duplicate_key", DUPLICATE_KEY)
                for name in duplicates
            ]
        )


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


async def _with_strict_body(request: Request) -> StrictRequest:
    strict = StrictRequest(request.scope, request.receive)
    body = await strict.body()
    if body:
        if _media_type(request) != "application/json":
            raise UnsupportedMediaType(expected="application/json")
        strict.strict_body = (
            parse(body)
            if len(body) < PARSE_IN_THREAD_FROM
            else await asyncio.to_thread(parse, body)
        )
    return strict


def _has_body(request: Request) -> bool:
    """Whether the headers announce a body. Without one, reading would wait for a disconnect."""
    headers = request.headers
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _ensure_empty(body: Any) -> None:
    """Reject a non-empty body on a route that takes none.

    Raises:
        ValidationFailed: the body is neither empty, `null` nor `{}`.
    """
    if body is None or body == {}:
        return
    if not isinstance(body, dict):
        raise ValidationFailed([FieldError("", "dict_type", MESSAGES["dict_type"])])
    extra = MESSAGES["extra_forbidden"]
    raise ValidationFailed(
        [
            FieldError(child_pointer("", name), "extra_forbidden", extra)
            for name in islice(body, MAX_ERRORS)
        ]
    )


def _query_faults(request: Request, known: list[str], is_lenient: bool) -> Iterator[FieldError]:
    seen: set[str] = set()
    for name, value in request.query_params.multi_items():
        pointer = child_pointer("", name)
        if name not in known:
            if is_lenient:
                continue
            yield unknown_parameter(name, known)
        elif name in seen:
            yield FieldError(pointer, "duplicate_parameter", DUPLICATE_PARAMETER, part="query")
        elif not storable(value):
            yield FieldError(pointer, "text_not_storable", NOT_STORABLE, part="query")
        seen.add(name)


def unknown_parameter(name: str, known: list[str]) -> FieldError:
    """The error of a query parameter that is not among the known ones of its path."""
    message = UNKNOWN_PARAMETER if known else NO_PARAMETERS
    facts = {"known": ", ".join(known)}
    pointer = child_pointer("", name)
    return FieldError(pointer, "unknown_parameter", message, facts, part="query")

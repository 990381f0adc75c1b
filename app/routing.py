"""Routes that refuse what FastAPI would pass over: doubled or unknown parameters, lax JSON."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute

from app.errors import Bilingual, FieldError, NotFound, UnsupportedMediaType, ValidationFailed
from app.strict_json import NOT_TEXT, parse, step, storable

UNKNOWN = Bilingual(
    "Không có tham số này; có: {known}.", "There is no such parameter; there are: {known}."
)
DOUBLED = Bilingual("Tham số này chỉ được gửi một lần.", "Send this parameter once.")


class StrictRequest(Request):
    """A request whose JSON was parsed strictly before the route looks at it."""

    strict_body: Any = None

    async def json(self) -> Any:
        """The parsed body."""
        return self.strict_body


class StrictRoute(APIRoute):
    """A route that takes just the parameters that it names, each once, and well-formed JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, behind the checks."""
        handle = super().get_route_handler()
        known = [
            field.alias
            for field in get_flat_params(self.dependant)
            if getattr(field.field_info, "in_", None) is ParamTypes.query
        ]
        takes_json = self.body_field is not None and not _is_form(self)

        async def strictly(request: Request) -> Response:
            if faults := list(_query_faults(request, known)):
                raise ValidationFailed(faults)
            if not all(storable(str(value)) for value in request.path_params.values()):
                raise NotFound(what="đường dẫn này")
            if takes_json:
                request = await _with_strict_body(request)
            return await handle(request)

        return strictly


def _is_form(route: APIRoute) -> bool:
    return any(
        type(field.field_info).__name__ in {"Form", "File"} for field in route.dependant.body_params
    )


async def _with_strict_body(request: Request) -> StrictRequest:
    strict = StrictRequest(request.scope, request.receive)
    body = await strict.body()
    if body:
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedMediaType(expected="application/json")
        strict.strict_body = parse(body)
    return strict


def _query_faults(request: Request, known: list[str]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for name, value in request.query_params.multi_items():
        pointer = f"/{step(name)}"
        if name not in known:
            facts = {"known": ", ".join(known) or "–"}
            yield FieldError(pointer, "unknown_parameter", UNKNOWN, facts, part="query")
        elif name in seen:
            yield FieldError(pointer, "duplicate_parameter", DOUBLED, part="query")
        elif not storable(value):
            yield FieldError(pointer, "text_not_storable", NOT_TEXT, part="query")
        seen.add(name)

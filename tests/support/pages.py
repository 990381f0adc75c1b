"""All pages of people who are signed in, read from the routes, with example addresses."""

from dataclasses import dataclass
from urllib.parse import quote

from app.web.sessions import SessionRoute
from tests.support.operations import APPLICATION, PATH_PARAMETERS, routes


@dataclass(frozen=True)
class SessionPage:
    """A page: the name of its route, its method and its path with parameters."""

    name: str
    method: str
    path: str
    path_parameters: tuple[str, ...]

    def address(self, **other: str) -> str:
        """The path with example values (`PATH_PARAMETERS`, else 1); `other` overrides them."""
        address = self.path
        for name in self.path_parameters:
            value = other.get(name) or PATH_PARAMETERS.get(name, "1")
            address = address.replace(f"{{{name}}}", quote(value))
        return address


SESSION_PAGES = [
    SessionPage(
        route.name,
        method,
        route.path_format,
        tuple(parameter.alias for parameter in route.dependant.path_params),
    )
    for route in routes(APPLICATION)
    if isinstance(route, SessionRoute)
    for method in sorted((route.methods or set()) - {"HEAD"})
]

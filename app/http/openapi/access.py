"""Who may call an operation: its security, and the permission that it requires."""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from app.policy import ROLE_PERMISSIONS, SCOPE_PERMISSIONS, Permission, permissions_of
from app.routers.dependencies import Acts, Requires, bearer, key_header

BY_TOKEN: dict[str, list[str]] = {bearer.scheme_name: []}
BY_KEY: dict[str, list[str]] = {key_header.scheme_name: []}


def permissions_by_operation(routes: Sequence[BaseRoute]) -> dict[str, Permission]:
    """The permission that each operation requires, by its id; public operations are left out."""
    return {
        str(context.name): permission
        for context in iter_route_contexts(routes)
        for permission in _required(getattr(context, "dependant", None))
    }


def _required(dependant: Dependant | None) -> Iterator[Permission]:
    for dependency in dependant.dependencies if dependant else ():
        if isinstance(dependency.call, Requires | Acts):
            yield dependency.call.permission
        yield from _required(dependency)


def describe_access(operation: dict[str, Any], permission: Permission | None) -> None:
    """State the operation's security, and its permission in the description and `x-permission`."""
    if permission is None:
        operation["security"] = []
        return
    scopes = [scope for scope, granted in SCOPE_PERMISSIONS.items() if permission in granted]
    takes_keys = permission in permissions_of(None, scopes)
    operation["security"] = [BY_TOKEN, BY_KEY] if takes_keys else [BY_TOKEN]
    operation["x-permission"] = permission.value
    roles = [role.value for role, granted in ROLE_PERMISSIONS.items() if permission in granted]
    keys = "no API keys" if not takes_keys else "API keys"
    if scopes:
        keys += " with " + " or ".join(f"`{scope}`" for scope in scopes)
    operation["description"] += (
        f"\n\nRequires the permission `{permission}`: {', '.join(roles)}; {keys}."
    )

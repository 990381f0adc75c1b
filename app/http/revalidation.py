"""Reference data that clients keep, and revalidate by an ETag."""

import hashlib
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from app.http.headers import REVALIDATION, combined, etag, lists_tag
from app.http.routing import StrictRoute

IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the answer that you have; 304 if it has not changed.",
    "schema": {"type": "string"},
}


def body_tag(body: bytes) -> str:
    """The entity tag of a response: a digest of its body before compression."""
    return etag(hashlib.sha256(body).hexdigest()[:32])


class ReferenceRoute(StrictRoute):
    """A strict route whose GET is answered with 304 if the client has the current answer.

    This saves the transfer, not the query. It applies to lists and sums. A resource with a version
    has the version as its ETag, which does not change with what the answer shows of others.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        if self._is_revalidated:
            headers = {"Vary": {"$ref": "#/components/headers/Vary"}}
            self.responses = {
                200: {"headers": headers},
                304: {"description": "The answer has not changed.", "headers": headers},
                **self.responses,
            }
            self.openapi_extra = {"parameters": [IF_NONE_MATCH]}

    @property
    def _is_revalidated(self) -> bool:
        model = self.response_model
        has_version = (
            isinstance(model, type)
            and issubclass(model, BaseModel)
            and "version" in model.model_fields
        )
        return self.methods == {"GET"} and not has_version

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The strict handler, whose answer gets an ETag or becomes a 304."""
        handle = super().get_route_handler()
        if not self._is_revalidated:
            return handle

        async def handle_conditionally(request: Request) -> Response:
            response = await handle(request)
            if response.status_code != HTTPStatus.OK:
                return response
            headers = {**REVALIDATION, "ETag": body_tag(bytes(response.body))}
            if lists_tag(combined(request, "If-None-Match"), headers["ETag"]):
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
            response.headers.update(headers)
            return response

        return handle_conditionally

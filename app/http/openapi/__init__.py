"""The OpenAPI document: FastAPI's, completed with what FastAPI cannot know."""

from app.http.openapi.document import TAGS, describe

__all__ = ["TAGS", "describe"]

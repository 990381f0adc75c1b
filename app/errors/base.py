"""Base classes: an error in one field, a problem document (RFC 9457), an error for the operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from app.text.bilingual import Bilingual
from app.text.writing import Language


@dataclass(frozen=True)
class FieldError:
    """An error in one field: its JSON pointer, a stable code, and a message with its facts.

    about: codes of what the error is about, as further members of its document.
    """

    pointer: str
    code: str
    message: Bilingual
    facts: Mapping[str, Any] = field(default_factory=dict)
    part: Literal["body", "query", "path", "header"] = "body"
    level: Literal["error", "warning"] = "error"
    about: Mapping[str, str | None] = field(default_factory=dict)

    def document(self, language: Language) -> dict[str, Any]:
        """The error as an item of a problem document's `errors`."""
        return {
            "in": self.part,
            "level": self.level,
            "pointer": self.pointer,
            "code": self.code,
            "message": self.message.fill(language, self.facts),
            **self.about,
        }


class OperatorError(Exception):
    """An error that the operator has to fix; the text says how. Logs have it in English."""

    def __init__(self, text: Bilingual) -> None:
        super().__init__(text.en)
        self.text = text


class Problem(Exception):  # noqa: N818 - the term of RFC 9457
    """An error that is reported to the client. Each subclass is one problem type.

    The `slug` is part of the API and never changes. `retry_after` is in seconds; `extra` holds
    members that the document has besides the standard ones.
    """

    status: ClassVar[int]
    slug: ClassVar[str]
    title: ClassVar[Bilingual]
    detail: ClassVar[Bilingual]

    def __init__(
        self,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
        extra: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(self.slug, facts)
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.extra = dict(extra or {})
        self.facts = facts

    def document(self, language: Language) -> dict[str, Any]:
        """The problem document: type, title, status, detail, extra members and field errors."""
        document: dict[str, Any] = {
            "type": f"/problems/{self.slug}",
            "title": self.title.fill(language, self.facts),
            "status": self.status,
            "detail": self.detail.fill(language, self.facts),
            **self.extra,
        }
        if self.errors:
            document["errors"] = [error.document(language) for error in self.errors]
        return document

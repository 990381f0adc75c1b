"""Findings of a draft, and their JSON."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from app.errors import FieldError
from app.services.reports import validation
from app.services.reports.validation import Expectations
from app.text.writing import Language


def findings_of(draft: Mapping[str, Any], expectations: Expectations) -> list[FieldError]:
    """The findings about a draft if it were submitted now."""
    return validation.check_draft(draft, expectations) or validation.check_submission(
        draft, expectations
    )


def findings_json(findings: Iterable[FieldError], language: Language) -> str:
    """Findings as a JSON array. They are always about the body, so `in` is left out."""
    documents = []
    for finding in findings:
        document = finding.document(language)
        del document["in"]
        documents.append(document)
    return json.dumps(documents, ensure_ascii=False)

"""Domain errors, and their texts in two languages for problem documents (RFC 9457).

One module per theme; import all of them from here.
"""

from app.errors.access import (
    AgencyEnded,
    Forbidden,
    FormExpired,
    OtherOwner,
    SeveralCredentials,
    TooManyAttempts,
    TooManyRequests,
    Unauthenticated,
    WrongCode,
    WrongPassword,
)
from app.errors.base import FieldError, OperatorError, Problem
from app.errors.requests import (
    BodyTooLarge,
    HeadTooLarge,
    MalformedForm,
    MalformedJson,
    MalformedRequest,
    MethodNotAllowed,
    NotAcceptable,
    RequestTimeout,
    TargetTooLong,
    UnsupportedMediaType,
)
from app.errors.resources import (
    AlreadyExists,
    AmbiguousPlan,
    AmbiguousProgramme,
    KeyReused,
    NotFound,
    NotSettled,
    PreconditionRequired,
    Stale,
    StateConflict,
)
from app.errors.service import (
    NOT_READY,
    DatabaseUnavailable,
    InsufficientStorage,
    InternalError,
    NotReady,
    Overloaded,
)
from app.errors.validation import ReportIncomplete, ValidationFailed, WarningsUnconfirmed

__all__ = [
    "NOT_READY",
    "AgencyEnded",
    "AlreadyExists",
    "AmbiguousPlan",
    "AmbiguousProgramme",
    "BodyTooLarge",
    "DatabaseUnavailable",
    "FieldError",
    "Forbidden",
    "FormExpired",
    "HeadTooLarge",
    "InsufficientStorage",
    "InternalError",
    "KeyReused",
    "MalformedForm",
    "MalformedJson",
    "MalformedRequest",
    "MethodNotAllowed",
    "NotAcceptable",
    "NotFound",
    "NotReady",
    "NotSettled",
    "OperatorError",
    "OtherOwner",
    "Overloaded",
    "PreconditionRequired",
    "Problem",
    "ReportIncomplete",
    "RequestTimeout",
    "SeveralCredentials",
    "Stale",
    "StateConflict",
    "TargetTooLong",
    "TooManyAttempts",
    "TooManyRequests",
    "Unauthenticated",
    "UnsupportedMediaType",
    "ValidationFailed",
    "WarningsUnconfirmed",
    "WrongCode",
    "WrongPassword",
]

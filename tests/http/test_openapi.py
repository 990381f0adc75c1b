"""The OpenAPI document is complete: descriptions, examples, errors, preconditions."""

import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

import pytest

from app import policy, vocabulary
from app.clock import LOCAL
from app.errors import Problem
from app.http.openapi import TAGS
from app.schemas.reminders import _HOUR_AND_MINUTE
from app.schemas.webhooks import WebhookMessage
from app.services.notifications.payloads import compose_test_payload
from app.text.validation_messages import PATTERN_EXAMPLES
from tests.support.operations import DOCUMENT

OPERATION_DOCUMENTS: list[dict[str, Any]] = [
    operation for operations in DOCUMENT["paths"].values() for operation in operations.values()
]
OPERATIONS = [
    pytest.param(operation, id=operation["operationId"]) for operation in OPERATION_DOCUMENTS
]


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/")[-1]]
        return found
    return schema


def _has_example(content: dict[str, Any]) -> bool:
    schema = _resolved(content.get("schema", {}))
    inner = schema.get("properties", {}).get("items", schema).get("items", {})
    alternatives = [_resolved(option) for option in schema.get("anyOf", [])]
    shown = [content, schema, _resolved(inner), *alternatives]
    return any("example" in part or "examples" in part for part in shown)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_has_a_summary_description_and_tag(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert set(operation["tags"]) <= {name for name, _ in TAGS}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_has_examples(operation: dict[str, Any]) -> None:
    bodies = [operation["requestBody"]["content"]] if "requestBody" in operation else []
    answers = [
        answer["content"]
        for status, answer in operation["responses"].items()
        if status.startswith("2") and "content" in answer
    ]
    for content in bodies + answers:
        for media_type, described in content.items():
            if media_type == "application/json":
                assert _has_example(described), described


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_an_example_has_every_required_field(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"][name]
    for example in schema.get("examples", []):
        _holds_what_is_required(example, schema)


def _holds_what_is_required(value: Any, schema: dict[str, Any]) -> None:
    if isinstance(value, list):
        for each in value:
            _holds_what_is_required(each, _resolved(schema.get("items", {})))
    elif isinstance(value, dict):
        assert value.keys() >= set(schema.get("required", []))
        for name, part in value.items():
            _holds_what_is_required(part, _resolved(schema.get("properties", {}).get(name, {})))


JSON_SCHEMA_WORDS = {
    *("$ref", "type", "enum", "const", "format", "pattern", "anyOf", "oneOf", "discriminator"),
    *("properties", "required", "additionalProperties", "propertyNames", "items", "uniqueItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "contentMediaType"),
    *("minLength", "maxLength", "minItems", "maxItems", "title", "description", "default"),
    *("examples", "x-labels"),
}


def _schemas() -> Iterator[dict[str, Any]]:
    """Every schema of the document with the schemas inside it."""
    open_schemas = list(DOCUMENT["components"]["schemas"].values())
    for operation in OPERATION_DOCUMENTS:
        open_schemas += [parameter["schema"] for parameter in operation.get("parameters", [])]
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            open_schemas += [each.get("schema", {}) for each in part.get("content", {}).values()]
    while open_schemas:
        schema = open_schemas.pop()
        yield schema
        open_schemas += schema.get("properties", {}).values()
        open_schemas += schema.get("anyOf", [])
        for name in ("items", "additionalProperties", "propertyNames"):
            open_schemas += [schema[name]] if isinstance(schema.get(name), dict) else []


def test_schemas_use_the_words_of_json_schema() -> None:
    words = {word for schema in _schemas() for word in schema}
    assert words <= JSON_SCHEMA_WORDS


def test_a_figure_is_a_number_in_the_schema_too() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    figure = {"type": "number", "minimum": 0, "exclusiveMaximum": 10**13}
    for owner, name in (("Entry", "value"), ("Entry", "estimate"), ("IndicatorIn", "maximum")):
        schema = schemas[owner]["properties"][name]
        alternatives = schema.get("anyOf", [schema])
        assert alternatives[0].items() >= figure.items(), (owner, name)
        assert alternatives[1:] in ([], [{"type": "null"}])
    typed = schemas["DraftEntry"]["properties"]["value"]["anyOf"]
    assert [alternative["type"] for alternative in typed] == ["number", "string"]
    assert schemas["TargetOut"]["properties"]["value"]["type"] == "number"
    amount = schemas["BudgetLineIn"]["properties"]["amount_vnd"]
    assert amount.items() >= {"type": "integer", "minimum": 0, "maximum": 10**15}.items()


ENUMERATIONS = [
    kind
    for module in (policy, vocabulary)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
]
MIXED = {
    # Codes of many things, and of findings; prose, and codes in a problem document.
    "code",
    "reason",
    # The codes of rules that people write, or kinds of events.
    "about",
    # Of money, or the network address of an actor.
    "origin",
}
"""Names of properties that are an enumeration in one schema and plain text in another."""


def _texts() -> Iterator[tuple[str, str, bool, Any]]:
    """Properties that are texts: schema, name, whether it is an enumeration, the example."""
    for owner, schema in DOCUMENT["components"]["schemas"].items():
        example = {**(schema.get("examples") or [{}])[0]}
        for name, described in schema.get("properties", {}).items():
            for option in described.get("anyOf", [described]):
                item = _resolved(option.get("items", option))
                if item.get("type") == "string" and "format" not in item:
                    yield owner, name, bool({"enum", "const"} & item.keys()), example.get(name)


def test_a_property_is_an_enumeration_wherever_it_occurs() -> None:
    enumerated = {name for _, name, is_enumeration, _ in _texts() if is_enumeration}
    assert {"action", "kind", "state", "template", "permissions", "level"} <= enumerated
    plain = {(owner, name) for owner, name, is_enumeration, _ in _texts() if not is_enumeration}
    assert {(owner, name) for owner, name in plain if name in enumerated - MIXED} == set()


def test_an_example_from_an_enumeration_has_its_schema() -> None:
    values = {str(value) for kind in ENUMERATIONS for value in kind}
    plain = {
        (owner, name, text)
        for owner, name, is_enumeration, example in _texts()
        for text in (example if isinstance(example, list) else [example])
        if not is_enumeration and text in values
    }
    people = {"username", "actor"} | {name for _, name, _ in plain if name.endswith("_by")}
    assert {(owner, name) for owner, name, _ in plain if name not in people} == set()


def test_an_enumeration_with_labels_has_one_for_each_value() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["AuditAction"]["x-labels"]["report.accepted"] == {
        "vi": "duyệt báo cáo",
        "en": "accepted a report",
    }
    for schema in schemas.values():
        assert set(schema.get("x-labels", ())) <= set(schema.get("enum", ()))


def test_a_default_matches_its_pattern() -> None:
    defaults = [
        (field["pattern"], field["default"])
        for schema in DOCUMENT["components"]["schemas"].values()
        for field in schema.get("properties", {}).values()
        if {"pattern", "default"} <= field.keys()
    ]
    assert len(defaults) > 2
    assert all(re.search(pattern, default) for pattern, default in defaults)


def test_every_pattern_has_an_example_that_matches() -> None:
    patterns = {schema["pattern"] for schema in _schemas() if "pattern" in schema}
    inner = {
        part["pattern"]
        for schema in _schemas()
        for part in schema.get("anyOf", [])
        if "pattern" in part
    }
    of_times = {f"^{_HOUR_AND_MINUTE}$"}  # its message has its own example
    assert (patterns | inner) - of_times == PATTERN_EXAMPLES.keys()
    assert all(re.search(pattern, example) for pattern, example in PATTERN_EXAMPLES.items())


IF_MATCH = {
    operation["operationId"]: parameter
    for operations in DOCUMENT["paths"].values()
    for operation in operations.values()
    for parameter in operation.get("parameters", [])
    if parameter["name"] == "If-Match"
}


def test_if_match_is_required_where_428_is_unconditional() -> None:
    optional = {name for name, parameter in IF_MATCH.items() if not parameter["required"]}
    assert optional == {
        *("submit_report", "return_report", "accept_report", "reopen_report"),
        *("answer_nil", "recall_report"),
        "import_workbook",
        *("assign_agency", "put_reminder_rule", "put_working_day"),
    }
    required = IF_MATCH.keys() - optional
    assert {"save_draft", "change_plan", "withdraw_agency", "delete_working_day"} <= required
    assert all(IF_MATCH[name]["schema"]["type"] == "string" for name in required)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_with_if_match_document_412_and_428(operation: dict[str, Any]) -> None:
    if operation["operationId"] in IF_MATCH:
        assert "412" in operation["responses"]
    assert ("428" not in operation["responses"]) or operation["operationId"] in IF_MATCH


def test_every_problem_has_texts_in_both_languages() -> None:
    kinds: list[type[Problem]] = [Problem]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    slugs = [kind.slug for kind in kinds[1:]]
    assert len(slugs) == len(set(slugs))
    for kind in kinds[1:]:
        assert kind.title.vi != kind.title.en
        assert kind.detail.vi
        assert kind.detail.en


def test_operation_ids_are_unique_and_readable() -> None:
    ids = [str(operation.id) for operation in OPERATIONS]
    assert len(ids) == len(set(ids))
    assert all(name.replace("_", "").isalpha() and name.islower() for name in ids)


def test_the_webhook_section_describes_what_is_posted() -> None:
    (message,) = DOCUMENT["webhooks"].values()
    schema = message["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/WebhookMessage"}
    recipient = {"username": "a", "full_name": "A", "email": None}
    payload = compose_test_payload("test-1", datetime(2024, 6, 10, tzinfo=LOCAL), recipient)
    assert payload.keys() == WebhookMessage.model_fields.keys()
    WebhookMessage.model_validate(payload)


def test_stored_bodies_have_the_schema_of_their_model() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    draft = schemas["ReportOut"]["properties"]["draft"]["anyOf"]
    assert draft == [{"$ref": "#/components/schemas/DraftBody"}, {"type": "null"}]
    body = schemas["RevisionOut"]["properties"]["body"]
    assert body["$ref"] == "#/components/schemas/ReportBody"


VIETNAMESE = re.compile(r"\([^)]*\)|\"[^\"]*\"|chủ trì|phối hợp")
"""Names of Vietnamese terms, which stand in brackets or quotes."""


def _described() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property and parameter, with a place to name."""
    schemas = DOCUMENT["components"]["schemas"]
    for name, schema in schemas.items():
        for field, described in schema.get("properties", {}).items():
            yield f"{name}.{field}", _resolved(described) | described
    for operation in OPERATION_DOCUMENTS:
        for parameter in operation.get("parameters", []):
            yield f"{operation['operationId']} {parameter['name']}", parameter


def test_every_property_and_parameter_is_described_in_english() -> None:
    for place, described in _described():
        assert described.get("description"), place
        assert (
            VIETNAMESE.sub("", described["description"]).isascii()
            or "…" in described["description"]
        ), place
    for operation in OPERATION_DOCUMENTS:
        assert operation["summary"].isascii(), operation["operationId"]


def test_unique_lists_and_formats_are_in_the_schema() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for owner, name in (
        ("ApiKeyIn", "scopes"),
        ("AgencyIn", "successors"),
        ("IndicatorIn", "frequencies"),
        ("IndicatorIn", "filled_by"),
        ("PreferencesIn", "channels"),
    ):
        assert schemas[owner]["properties"][name]["uniqueItems"] is True, (owner, name)
    assert schemas["BudgetLineIn"]["properties"]["origin_years"]["anyOf"][0]["uniqueItems"] is True
    assert schemas["UserIn"]["properties"]["email"]["anyOf"][0]["format"] == "email"
    assert schemas["WebhookIn"]["properties"]["url"]["format"] == "uri"

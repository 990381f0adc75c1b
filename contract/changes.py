"""Breaking changes between two OpenAPI documents. Pure.

A change breaks a client that was generated from the earlier document and used what it promised:

- an operation, a parameter, a media type or a success status is gone;
- a request needs a parameter or a field that it did not need, or takes fewer values;
- a response lacks a field, may lack it, or gives it another type.

New operations, optional parameters and fields, and new values in responses break nothing: clients
have to ignore what they do not know.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
Schema = Mapping[str, Any]

PREFIX = "#/components/schemas/"
LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def breaking_changes(earlier: Document, later: Document) -> list[str]:
    """The names of what breaks: `operation`, `operation parameter`, `Schema` or `Schema.field`."""
    changes = [*_operation_changes(earlier, later)]
    requests, responses = _schemas_in_use(earlier)
    for name, schema in earlier["components"]["schemas"].items():
        new = later["components"]["schemas"].get(name)
        if new is None:
            changes += [name] if name in requests | responses else []
            continue
        if name in requests:
            changes += [f"{name}{field}" for field in _request_changes(schema, new)]
        if name in responses:
            changes += [f"{name}{field}" for field in _response_changes(schema, new)]
    return sorted(set(changes))


def operations(document: Document) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each operation, by its id."""
    return {
        operation["operationId"]: (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def _operation_changes(earlier: Document, later: Document) -> Iterator[str]:
    known = operations(later)
    for name, (method, path, operation) in operations(earlier).items():
        if name not in known or known[name][:2] != (method, path):
            yield name
            continue
        new = known[name][2]
        yield from (f"{name} {parameter}" for parameter in _parameter_changes(operation, new))
        old_body, new_body = operation.get("requestBody", {}), new.get("requestBody", {})
        if _lost(old_body.get("content", {}), new_body.get("content", {})):
            yield name
        if new_body.get("required", False) and not old_body.get("required", False):
            yield name
        for status, response in operation["responses"].items():
            answer = new["responses"].get(status)
            if status.startswith("2") and (
                answer is None or _lost(response.get("content", {}), answer.get("content", {}))
            ):
                yield name
        if any(way not in new["security"] for way in operation["security"]):
            yield f"{name} security"


def _parameter_changes(earlier: Document, later: Document) -> Iterator[str]:
    old = {(each["in"], each["name"]): each for each in earlier.get("parameters", ())}
    new = {(each["in"], each["name"]): each for each in later.get("parameters", ())}
    for key, parameter in new.items():
        if parameter.get("required") and not old.get(key, {}).get("required"):
            yield key[1]
    for key, parameter in old.items():
        if key not in new or _is_narrower(parameter["schema"], new[key]["schema"]):
            yield key[1]


def _request_changes(earlier: Schema, later: Schema) -> Iterator[str]:
    """Fields of a request that are needed now, are gone, or take fewer values."""
    if _is_narrower(earlier, later):
        yield ""
    old, new = earlier.get("properties", {}), later.get("properties", {})
    for field in set(later.get("required", ())) - set(earlier.get("required", ())):
        yield f".{field}"
    for field, schema in old.items():
        if field not in new or _is_narrower(schema, new[field]):
            yield f".{field}"


def _response_changes(earlier: Schema, later: Schema) -> Iterator[str]:
    """Fields of a response that are gone, may be absent, or have more types than before."""
    old, new = earlier.get("properties", {}), later.get("properties", {})
    for field, schema in old.items():
        may_be_absent = field in earlier.get("required", ()) and field not in later.get(
            "required", ()
        )
        if field not in new or may_be_absent or _types(new[field]) - _types(schema):
            yield f".{field}"


def _is_narrower(earlier: Schema, later: Schema) -> bool:
    """Whether a request's value that was valid can be invalid now."""
    if _types(earlier) - _types(later):
        return True
    for old, new in zip(_alternatives(earlier), _alternatives(later), strict=False):
        if "enum" in new and set(map(str, old.get("enum", ()))) - set(map(str, new["enum"])):
            return True
        if new.get("pattern", old.get("pattern")) != old.get("pattern"):
            return True
        if any(word in new and new[word] > old.get(word, new[word] - 1) for word in LOWER_BOUNDS):
            return True
        if any(word in new and new[word] < old.get(word, new[word] + 1) for word in UPPER_BOUNDS):
            return True
    return False


def _types(schema: Schema) -> set[str]:
    """What a value can be: names of types, and of schemas that are referred to."""
    return {
        str(each.get("$ref") or each.get("type") or "any")
        + (f" of {sorted(_types(each['items']))}" if "items" in each else "")
        for each in _alternatives(schema)
    }


def _alternatives(schema: Schema) -> list[Schema]:
    alternatives: list[Schema] = schema.get("anyOf") or [schema]
    return alternatives


def _lost(earlier: Document, later: Document) -> bool:
    return bool(earlier.keys() - later.keys())


def _schemas_in_use(document: Document) -> tuple[set[str], set[str]]:
    """The names of the schemas in requests, and of those in responses."""
    requests: set[str] = set()
    responses: set[str] = set()
    for _, _, operation in operations(document).values():
        _collect(operation.get("requestBody"), document, requests)
        _collect(operation["responses"], document, responses)
    return requests, responses


def _collect(value: Any, document: Document, names: set[str]) -> None:
    """Add the schemas to which a value refers, directly or through others."""
    if isinstance(value, Mapping):
        name = str(value.get("$ref", "")).removeprefix(PREFIX)
        if name in document["components"]["schemas"] and name not in names:
            names.add(name)
            _collect(document["components"]["schemas"][name], document, names)
        for part in value.values():
            _collect(part, document, names)
    elif isinstance(value, list):
        for part in value:
            _collect(part, document, names)

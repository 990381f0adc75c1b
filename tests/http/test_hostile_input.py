"""Hostile input: every response is a problem document, and nothing changes in the database."""

import copy
import json
import unicodedata
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import Service
from tests.support.operations import UNDER_VERSION, Operation

SHARES = [pytest.param(UNDER_VERSION[share::4], id=f"share {share + 1}") for share in range(4)]
"""The operations in four groups, because creating a service for each would be slow."""
ADMIN_TAGS = {"users", "api-keys", "webhooks", "reorganisations"}
# Wrong passwords are recorded, though the request is refused.
COUNTS = """SELECT
    (SELECT count(*) FROM audit_event WHERE action <> 'account.sign_in_refused'),
    (SELECT count(*) FROM report),
    (SELECT count(*) FROM revision), (SELECT count(*) FROM idempotency_record),
    (SELECT sum(version) FROM report), (SELECT count(*) FROM account)"""


class Attacker:
    """Sends invalid requests; asserts that each gets a problem document and changes nothing."""

    def __init__(self, service: Service, connection: asyncpg.Connection) -> None:
        self.service = service
        self._connection = connection
        self._counts: asyncpg.Record | None = None
        self._tags: dict[str, str] = {}

    def client(self, operation: Operation) -> httpx.AsyncClient:
        """A client that is authorised for the operation, so that only the input is rejected."""
        return self.service.client("admin" if operation.tag in ADMIN_TAGS else "coordinator")

    async def send(
        self,
        operation: Operation,
        body: bytes | None = None,
        content_type: str = "application/json",
        query: str = "",
        **path_parameters: str,
    ) -> httpx.Response:
        """Send a request and check the response."""
        address = operation.address(**path_parameters)
        required = "&".join(f"{n}={v}" for n, v in operation.required().items() if n not in query)
        if body is None and operation.body is not None:
            body = json.dumps(operation.body).encode()
        headers = {"If-Match": self._tags.get(address, '"1"')} | (
            {"Content-Type": content_type} if body is not None else {}
        )
        answer = await self.client(operation).request(
            operation.method,
            f"{address}?{'&'.join(part for part in (required, query) if part)}",
            content=body,
            headers=headers,
        )
        if "ETag" in answer.headers:
            self._tags[address] = answer.headers["ETag"]
        context = f"{operation.name} {query or (body or b'')[:300]!r} {path_parameters}"
        await self._check(answer, context)
        return answer

    async def _check(self, answer: httpx.Response, context: str) -> None:
        assert answer.status_code < 500, f"{context}: {answer.text}"
        is_refused = answer.status_code in {401, 403} and "set_password_by_code" not in context
        assert not is_refused, f"{context}: not authorised"
        counts = await self._connection.fetchrow(COUNTS)
        if answer.status_code >= 400:
            assert_problem(answer, context)
            assert self._counts in {None, counts}, f"{context}: rejected, but the database changed"
        self._counts = counts


def assert_problem(answer: httpx.Response, context: str) -> None:
    """Assert that the response is a complete problem document."""
    assert answer.headers["Content-Type"] == "application/problem+json", context
    problem = json.loads(answer.content.decode("utf-8", "strict"))
    assert problem["type"].startswith("/problems/"), context
    assert problem["status"] == answer.status_code, context
    assert problem["title"], context
    assert problem["detail"], context
    for error in problem.get("errors", []):
        assert {"pointer", "code", "message"} <= error.keys(), context
        assert not error["pointer"] or error["pointer"].startswith("/"), context


@pytest.fixture
async def attacker(service: Service) -> Any:
    """An attacker with a database connection."""
    connection = await asyncpg.connect(service.database_url)
    yield Attacker(service, connection)
    await connection.close()


MALFORMED = {
    b"{": 400,
    b'{"a": 1': 400,
    b"{'a': 1}": 400,
    b'{"a": 1,}': 400,
    b"nul": 400,
    b"\xff\xfe{\x00}\x00": 400,
    b'{"a": "\xff"}': 400,
    b"\xef\xbb\xbf{}": 400,
    b"[]": 422,
    b'"text"': 422,
    b"1": 422,
    b"true": 422,
    b'{"a": 1, "a": 2}': 422,
    b'{"no such field": 1}': 422,
    b'{"\\u0000": 1}': 422,
    b'{"\\ud800": 1}': 422,
    b'{"a": NaN}': 422,
    b'{"a": 1e999}': 422,
    b'{"a": ' + b"9" * 20 + b"}": 422,
    b'{"a": ' + b"9" * 5000 + b"}": 422,
    b"[" * 40 + b"]" * 40: 422,
    b'{"a": ' * 40 + b"1" + b"}" * 40: 422,
    b"[" * 100_000: 422,
    b"[" + b"[]," * 20_000 + b"1]": 422,
}
LARGE = b'{"a": "' + b"x" * 10 * 1024 * 1024 + b'"}'


@pytest.mark.parametrize("operations", SHARES)
async def test_a_malformed_body_is_rejected(
    attacker: Attacker, operations: list[Operation]
) -> None:
    for operation in operations:
        if operation.body is None:
            continue
        for body, status in MALFORMED.items():
            answer = await attacker.send(operation, body)
            assert answer.status_code == status, (operation.name, body[:50], answer.text)
        if operation.needs_body:
            assert (await attacker.send(operation, b"")).status_code == 422
            assert (await attacker.send(operation, b"null")).status_code == 422
        valid_body = json.dumps(operation.body).encode()
        for content_type in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "",
            "application/xml",
        ):
            answer = await attacker.send(operation, valid_body, content_type)
            assert answer.status_code == 415, (operation.name, content_type)
        assert (await attacker.send(operation, LARGE)).status_code == 413


FORMS = {"sign_in", "import_workbook"}
"""Operations with a form in place of JSON."""
WITHOUT_BODY = [each for each in UNDER_VERSION if each.body is None and each.name not in FORMS]


async def test_a_body_is_rejected_where_none_is_expected(attacker: Attacker) -> None:
    for operation in WITHOUT_BODY:
        for body, status in MALFORMED.items():
            if status == 400 or len(body) < 30:
                answer = await attacker.send(operation, body)
                assert answer.status_code == status, (operation.name, body, answer.text)
        answer = await attacker.send(operation, b'{"zzz": 1, "a/b": null}')
        errors = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
        assert errors == [("/zzz", "extra_forbidden"), ("/a~1b", "extra_forbidden")], operation.name
        assert (await attacker.send(operation, b"zzz=1", "text/plain")).status_code == 415
        assert (await attacker.send(operation, LARGE)).status_code == 413


async def test_an_empty_body_is_accepted_where_none_is_expected(service: Service) -> None:
    office = service.client("coordinator")
    for verb, body in (("close", b"{}"), ("open", b""), ("close", b" null "), ("open", b"{ }")):
        headers = {"Content-Type": "application/json"}
        answer = await office.post(
            f"/reporting-periods/2024-Q3/{verb}", content=body, headers=headers
        )
        assert answer.status_code == 200, answer.text

    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"zzz"'
        yield b": 1}"

    answer = await office.post(
        "/reporting-periods/2024-Q3/close", content=chunks(), headers=headers
    )
    assert answer.json()["errors"][0]["pointer"] == "/zzz"


# JSON literals. No field accepts a literal of ALWAYS_INVALID.
ALWAYS_INVALID = ["NaN", "-Infinity", "1e999", "9223372036854775808", '"\\u0000"', '"a\\ud800"']
USUALLY_INVALID = [
    "null",
    "true",
    "-1.5",
    "1e15",
    '"5"',
    '""',
    '"' + "x" * 25_000 + '"',
    '"2024-02-30"',
    '"9999-12-31"',
    '"1717977600"',
    '"2024-06-10T08:00:00"',
    '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59-14:00"',
    "[{}]",
    "{}",
]
PLACEHOLDER = "the value goes here"


def value_paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in an example, including objects and lists."""
    if path:
        yield path
    if isinstance(value, dict | list):
        steps = value.items() if isinstance(value, dict) else enumerate(value[:1])
        for step, inner in steps:
            yield from value_paths(inner, (*path, step))


def with_value(example: Any, path: tuple[Any, ...], raw: str) -> bytes:
    """The example with the value at one path replaced."""
    changed = copy.deepcopy(example)
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = PLACEHOLDER
    return json.dumps(changed).replace(json.dumps(PLACEHOLDER), raw).encode()


@pytest.mark.parametrize("operations", SHARES)
async def test_an_invalid_value_is_rejected_in_every_field(
    attacker: Attacker, operations: list[Operation]
) -> None:
    for operation in operations:
        if operation.body is None:
            continue
        for path in value_paths(operation.body):
            for raw in ALWAYS_INVALID:
                answer = await attacker.send(operation, with_value(operation.body, path, raw))
                assert answer.status_code == 422, (operation.name, path, raw)
                pointers = {error["pointer"] for error in answer.json()["errors"]}
                assert "/" + "/".join(map(str, path)) in pointers, (operation.name, path, raw)
            for raw in USUALLY_INVALID:
                await attacker.send(operation, with_value(operation.body, path, raw))


VALUES = [
    "",
    "%00",
    "%ED%A0%80",
    "x" * 3000,
    "99999999999999999999",
    "2024-02-30",
    "1717977600",
    "9999-12-31",
    "2024-06-10T08:00:00",
    "0001-01-01T00:00:00%2B14:00",
]


@pytest.mark.parametrize("operations", SHARES)
async def test_an_invalid_query_is_rejected(
    attacker: Attacker, operations: list[Operation]
) -> None:
    for operation in operations:
        if operation.name in {"sign_in", "get_calendar_feed", "sign_out"}:
            continue  # takes a form; takes a secret; revokes the token
        for query, code in (
            ("unknown=1", "unknown_parameter"),
            ("limit[]=1", "unknown_parameter"),
            *((f"{name}=1&{name}=1", "duplicate_parameter") for name in operation.query),
        ):
            answer = await attacker.send(operation, query=query)
            assert answer.status_code == 422, (operation.name, query)
            assert code in {error["code"] for error in answer.json()["errors"]}
        for name in operation.query:
            for value in VALUES:
                answer = await attacker.send(operation, query=f"{name}={value}")
                must_fail = value == "%00" or name == "limit"
                assert answer.status_code == 422 or not must_fail, (operation.name, name, value)


@pytest.mark.parametrize("operations", SHARES)
async def test_an_impossible_path_is_not_found(
    attacker: Attacker, operations: list[Operation]
) -> None:
    for operation in operations:
        for name in operation.path_parameters:
            for value in ("%00", "a%00b", "%ED%A0%80", "%FF", "x" * 3000, "%F0%9F%98%80", "-1"):
                answer = await attacker.send(operation, None, **{name: value})
                accepted = operation.name.startswith("put_") or operation.method == "DELETE"
                accepted |= operation.name in FORMS and answer.status_code == 415
                assert answer.status_code in {404, 412, 422} or accepted, (operation.name, value)
                if "%00" in value:
                    assert answer.status_code == 404, (operation.name, value)


LONG = "k" * 1000
NUMBERS = b"[" + b",".join([b"NaN"] * 300) + b"]"
MANY_ERRORS = {
    "numbers": NUMBERS,
    "nested numbers": f'{{"{LONG}":'.encode() * 10 + NUMBERS + b"}" * 10,
    "duplicate keys": b"{" + b",".join(b'"a":1' for _ in range(300)) + b"}",
    "long duplicate keys": b"{" + b",".join(f'"{LONG}":1'.encode() for _ in range(300)) + b"}",
    "keys with NUL": b"{" + b",".join(b'"\\u0000%d":1' % n for n in range(300)) + b"}",
    "unknown fields": b"{" + b",".join(f'"{LONG}{n}":1'.encode() for n in range(300)) + b"}",
}


@pytest.mark.parametrize("body", MANY_ERRORS.values(), ids=MANY_ERRORS)
async def test_only_the_first_errors_are_reported(service: Service, body: bytes) -> None:
    answer = await service.client("admin").post(
        "/users", content=body, headers={"Content-Type": "application/json"}
    )
    assert_few_errors(answer)


async def test_only_the_first_parameter_errors_are_reported(service: Service) -> None:
    client = service.client("admin")
    assert_few_errors(await client.get("/users?" + "&".join(f"{LONG}{n}=1" for n in range(40))))
    assert_few_errors(await client.get("/users?" + "&".join(["role=admin"] * 300)))


def assert_few_errors(answer: httpx.Response) -> None:
    """Assert that the response has 20 errors and is small."""
    assert answer.status_code == 422
    assert_problem(answer, "many errors")
    errors = answer.json()["errors"]
    assert len(errors) == answer.json()["detail"].count("20") * 20 == 20
    assert max(len(error["pointer"]) for error in errors) <= 201
    assert len(answer.content) < 20_000


async def test_too_many_combining_marks_are_rejected_before_normalising(
    service: Service,
) -> None:
    client = service.client("admin")
    hostile = {"full_name": "a" + "\u0300\u0316" * 5000}
    answer = await client.post("/users", json=hostile)
    assert_problem(answer, "combining marks")
    assert answer.json()["errors"][0]["code"] == "too_many_marks"
    harmless = {"full_name": unicodedata.normalize("NFD", "Nguyễn Thị Hường")}
    errors = (await client.post("/users", json=harmless)).json()["errors"]
    assert "/full_name" not in {error["pointer"] for error in errors}


async def test_unknown_paths_and_methods_are_problem_documents(service: Service) -> None:
    client = service.client("coordinator")
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("GET", "/obligations/2024-Q2", 404),
        ("GET", "/obligations/", 404),
        ("POST", "/users/", 404),
        ("DELETE", "/obligations", 405),
        ("PATCH", "/reports/2024-Q2/15493", 405),
        ("GET", "/reports/2024-Q2/15493/draft", 405),
    ):
        answer = await client.request(method, path)
        assert answer.status_code == status
        assert_problem(answer, path)


async def test_problems_are_in_vietnamese_or_english(service: Service) -> None:
    client = service.client("coordinator")
    for language, title in (
        ("", "Không tìm thấy"),
        ("vi", "Không tìm thấy"),
        ("en", "Not found"),
        ("en-GB,en;q=0.9,vi;q=0.8", "Not found"),
        ("fr, vi;q=0.5, en;q=0.4", "Không tìm thấy"),
        ("en;q=nonsense", "Không tìm thấy"),
        ("*", "Không tìm thấy"),
    ):
        answer = await client.get("/plans/none", headers={"Accept-Language": language})
        assert answer.json()["title"] == title, language

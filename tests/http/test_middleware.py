"""The limit on request bodies."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import Service

LARGEST = 1024 * 1024


async def in_chunks(size: int) -> AsyncIterator[bytes]:
    yield b'{"current_password": "'
    for _ in range(0, size, 65536):
        yield b"x" * 65536


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/me/password", "application/json"), ("/auth/token", "application/x-www-form-urlencoded")],
)
async def test_a_body_over_the_limit_gets_a_problem_document(
    service: Service, path: str, media_type: str, announced: bool
) -> None:
    answer = await service.client("xuan-hong").post(
        path,
        content=b"x" * (LARGEST + 1) if announced else in_chunks(LARGEST + 1),
        headers={"Content-Type": media_type},
    )
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"]
    assert answer.json()["type"] == "/problems/body-too-large"


async def test_a_body_at_the_limit_is_accepted(service: Service) -> None:
    body = b'{"current_password": "' + b"x" * (LARGEST - 24) + b'"}'
    assert len(body) == LARGEST
    headers = {"Content-Type": "application/json"}
    client = service.client("xuan-hong")
    answer = await client.post("/me/password", content=body, headers=headers)
    assert answer.status_code == 422

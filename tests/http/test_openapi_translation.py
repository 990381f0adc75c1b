"""The document in Vietnamese: every text has its translation, and every translation is used."""

from collections.abc import Iterator
from typing import Any

from app.http.openapi.translation import (
    NOT_TEXTS,
    TEXTS,
    catalogue,
    find_translation,
    translate,
)
from tests.conftest import Service
from tests.support.operations import DOCUMENT

PATH = "/openapi.json"


def paragraphs(member: Any) -> Iterator[str]:
    """The paragraphs of all texts, on one line each."""
    if isinstance(member, list):
        for item in member:
            yield from paragraphs(item)
    if not isinstance(member, dict):
        return
    for name, inner in member.items():
        if name in TEXTS and isinstance(inner, str):
            yield from (" ".join(each.split()) for each in inner.split("\n\n"))
        elif name not in NOT_TEXTS:
            yield from paragraphs(inner)


def test_every_text_has_a_translation() -> None:
    assert {each for each in paragraphs(DOCUMENT) if find_translation(each) is None} == set()


def test_every_translation_is_used() -> None:
    assert catalogue().keys() - set(paragraphs(DOCUMENT)) == set()


def test_nothing_but_texts_is_translated() -> None:
    translated = translate(DOCUMENT)
    submit = translated["paths"]["/api/v1/reports/{period}/{agency}/submit"]["post"]
    assert submit["summary"] == "Gửi báo cáo"
    assert submit["description"].endswith(
        "\n\nCần quyền soạn và gửi báo cáo (`reports:write`): người báo cáo, cán bộ tổng hợp; khóa "
        "API có quyền `reports:write`."
    )
    assert submit["responses"]["404"]["description"] == "Không tìm thấy"
    original = DOCUMENT["paths"]["/api/v1/reports/{period}/{agency}/submit"]["post"]
    for part in ("parameters", "responses"):
        assert [*submit[part]] != []
        assert len(submit[part]) == len(original[part])
    assert translated["components"]["schemas"].keys() == DOCUMENT["components"]["schemas"].keys()


async def test_the_language_is_chosen_by_a_parameter(service: Service) -> None:
    client = service.client()
    vietnamese = (await client.get(PATH)).json()
    english = (await client.get(PATH, params={"lang": "en"})).json()
    assert vietnamese["tags"][0]["description"].startswith("Đăng nhập")
    assert english["tags"][0]["description"].startswith("Sign in")
    assert vietnamese["paths"].keys() == english["paths"].keys()

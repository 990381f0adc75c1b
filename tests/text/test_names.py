"""Names that can be read, and usernames that no part of the system uses."""

import unicodedata

import pytest
from pydantic import TypeAdapter, ValidationError

from app.schemas.accounts import Username
from app.schemas.base import Name
from app.text.sheets.cells import escaped
from app.vocabulary import SystemActor

NAME = TypeAdapter(Name)
USERNAME: TypeAdapter[str] = TypeAdapter(Username)


def code_of(name: str) -> str:
    with pytest.raises(ValidationError) as raised:
        NAME.validate_python(name)
    return raised.value.errors()[0]["type"]


@pytest.mark.parametrize("name", ["Lê Thị Hồng", "Xã Xuân Hồng", "Y Blô", "2024", "山田", "DA2"])
def test_a_readable_name_is_taken(name: str) -> None:
    assert NAME.validate_python(name) == name


@pytest.mark.parametrize(
    "character",
    ["\u200b", "\u200d", "\u200e", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u3164", "\U000e0041"],
)
@pytest.mark.parametrize("name", ["{}", "Lê{}Hồng", "{}Lê Hồng"])
def test_an_invisible_character_is_refused(name: str, character: str) -> None:
    assert code_of(name.format(character)) == "invisible_character"


@pytest.mark.parametrize("name", ["...", "-", "\u0301", "—"])
def test_a_name_has_a_letter_or_a_digit(name: str) -> None:
    assert code_of(name) == "unreadable_name"


@pytest.mark.parametrize("name", ["Lê\x00Hồng", "Lê\nHồng", "Lê\u2028Hồng"])
def test_a_name_is_one_line(name: str) -> None:
    assert code_of(name) == "not_one_line"


def test_a_name_is_composed() -> None:
    assert NAME.validate_python(unicodedata.normalize("NFD", "Hồng")) == "Hồng"


@pytest.mark.parametrize("name", SystemActor)
def test_a_name_of_the_system_is_reserved(name: str) -> None:
    with pytest.raises(ValidationError) as raised:
        USERNAME.validate_python(str(name))
    assert raised.value.errors()[0]["type"] == "reserved_name"
    assert USERNAME.validate_python(f"{name}-1") == f"{name}-1"


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
def test_no_sign_begins_a_formula(sign: str) -> None:
    assert escaped(f"{sign}1+1") == f"'{sign}1+1"

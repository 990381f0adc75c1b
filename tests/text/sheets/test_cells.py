"""Text in cells."""

import pytest

from app.text.sheets.cells import escaped


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("Xã Xuân Hồng", "Xã Xuân Hồng"),
        ("=1+1", "'=1+1"),
        ("\x0b=1+1", "'=1+1"),
        ("Xã\x00\x1b\ud800\ufffe\uffff", "Xã"),
        ("hai\ndòng", "hai\ndòng"),
        (7, 7),
        (["target", "baseline"], "target baseline"),
    ],
)
def test_a_cell_is_valid_in_xml_and_never_a_formula(value: object, cell: object) -> None:
    assert escaped(value) == cell

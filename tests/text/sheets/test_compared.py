"""What is compared with a sum, as the text of a cell."""

from app.text.sheets.compared import for_machines, for_people

FIGURE = {"agency": "395-VP", "agency_name": "Văn phòng", "value": 12.5, "difference": -10}
UNKNOWN = FIGURE | {"difference": None}
MONEY = {"agency": "395-TCKH", "agency_name": "Phòng", "disbursed_vnd": 315, "difference_vnd": 15}


def test_machines_get_codes() -> None:
    assert for_machines([]) == ""
    assert for_machines([FIGURE, MONEY]) == "395-VP:12.5:-10 395-TCKH:315:15"
    assert for_machines([UNKNOWN | {"plan": "x-2024"}]) == "x-2024:395-VP:12.5:"


def test_people_get_names_and_written_figures() -> None:
    assert for_people([], "vi") is None
    assert for_people([FIGURE], "vi") == "Văn phòng: 12,5 (chênh lệch -10)"
    assert for_people([UNKNOWN, MONEY], "en") == "Văn phòng: 12.5; Phòng: 315 (difference 15)"
    assert for_people([MONEY | {"plan": "x"}], "vi") == "Phòng, x: 315 (chênh lệch 15)"

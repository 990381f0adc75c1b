"""Every mistake in the files is reported with its file, line and field."""

import unicodedata
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from seed.loader import SeedError, load
from tests.conftest import PROGRAMME_FOLDER
from tests.support.seed_folders import NOW, correct

PROJECTS = f"{PROGRAMME_FOLDER.name}/projects.yaml"
INDICATORS = f"{PROGRAMME_FOLDER.name}/indicators.csv"
"""The programme's files, beside the plan's folder."""

FILES = [
    "agencies.csv",
    "assignments.csv",
    "budget_lines.csv",
    "indicators.csv",
    "plan.yaml",
    "projects.yaml",
    "reminders.yaml",
    "responsibilities.yaml",
    "schedules.yaml",
    "working_days.csv",
]


async def findings(folder: Path) -> list[str]:
    """The reported findings. The session has no database, so any access would fail."""
    echoed: list[str] = []
    with pytest.raises(SeedError) as reported:
        await load(AsyncSession(), folder, now=NOW, echo=echoed.append)
    assert echoed == []
    return str(reported.value).splitlines()


# Each mistake: file, old text, new text, offset of the reported line, reported field, part of the
# message.
MISTAKES = {
    "unknown column": ("agencies.csv", "code,name,kind", "code,nam,kind", 0, "nam",
        "không có cột"),
    "missing column": ("agencies.csv", "code,name,kind", "code,nam,kind", 0, "name",
        "có cột này"),
    "column twice": ("agencies.csv", ",valid_to", ",kind", 0, "kind", "chỉ được có một cột"),
    "too few cells": ("agencies.csv", "15502,Xã Bắc Lương,", "15502,", 0, "dòng",
        "6 ô, đang có 5"),
    "quote left open": ("agencies.csv", '"Trung tâm Văn hóa', '"Trung "tâm', 0, "dòng",
        "đúng cặp"),
    "agency without code": ("agencies.csv", "15493,Xã", ",Xã", 0, "code", "cần một mã"),
    "agency code too long": ("agencies.csv", "15493,", "111111111111111111111111111111111111,", 0,
        "code", "tối đa 35"),
    "agency without name": ("agencies.csv", "15493,Xã Xuân Hồng", "15493, ", 0, "name",
        "để trống"),
    "NUL in a text": ("agencies.csv", "Xã Bắc Lương", "Xã\0Bắc Lương", 0, "name", "NUL"),
    "unknown kind": ("agencies.csv", "Lương,commune", "Lương,xã", 0, "kind",
        "cần một trong: country, prov"),
    "no such day": ("agencies.csv", "Lương,commune,395,", "Lương,commune,395,2023-02-29", 0,
        "valid_from", "ngày có thật"),
    "day and month turned": ("agencies.csv", "Lương,commune,395,,",
        "Lương,commune,395,,30/6/2025", 0, "valid_to", "2024-06-30"),
    "validity turned": ("agencies.csv", "Lương,commune,395,,",
        "L,commune,395,2024-02-01,2024-01-01", 0, "valid_to", "không sớm hơn"),
    "agency twice": ("agencies.csv", "15502,Xã Bắc Lương", "15493,Xã Bắc Lương", 0, "code",
        "15493"),
    "unknown parent": ("agencies.csv", "Lương,commune,395", "Lương,commune,359", 0, "parent",
        "mã"),
    "no parent": ("agencies.csv", "Lương,commune,395", "Lương,commune,", 0, "parent", "chỉ tỉnh"),
    "parents in a circle": ("agencies.csv", "Thọ Xuân,district,38", "Thọ Xuân,district,15493", 0,
        "parent", "không nằm dưới"),
    "unknown field": ("plan.yaml", "year: 2024", "nam: 1\nyear: 2024", 0, "nam",
        "không có trường"),
    "missing field": ("plan.yaml", "year: 2024\n", "", -10, "year", "cần có trường này"),
    "field twice": ("plan.yaml", "year: 2024", "year: 2024\nyear: 2025", 1, "year", "một lần"),
    "year in words": ("plan.yaml", "year: 2024", "year: hai nghìn", 0, "year", "số nguyên"),
    "year of another century": ("plan.yaml", "year: 2024", "year: 1924", 0, "year", "từ 2000"),
    "true for a text": ("plan.yaml", "  authority: KT. CHỦ TỊCH", "  authority: true", 0,
        "signer.authority", "cần chữ"),
    "unknown owner": ("plan.yaml", 'owner: "395"', "owner: 359", 0, "owner", "mã của"),
    "owner that is no government": ("plan.yaml", 'owner: "395"', "owner: 395-LDTBXH", 0, "owner",
        "một chính quyền"),
    "document twice": ("plan.yaml", "number: 127/KH-UBND", "number: 85/KH-UBND", 0,
        "legal_basis[3].number", "85/KH-UBND"),
    "document of no day": ("plan.yaml", "2022-06-17", "2022-06-31", 0, "legal_basis[3].issued_on",
        "ngày có thật"),
    "target twice": ("plan.yaml", "code: poor_households_with_labour",
        "code: poor_households_reduction", 0, "targets[4].code", "đã ghi"),
    "comma in a number": ("plan.yaml", '"0.31"', '"0,31"', 0, "targets[1].value", "dấu chấm"),
    "no number": ("plan.yaml", '"0.31"', ".nan", 0, "targets[1].value", "cần số không âm"),
    "empty text": ("plan.yaml", "name: Nguyễn Xuân Hải", 'name: ""', 0, "signer.name",
        "để trống"),
    "lone surrogate": ("plan.yaml", "name: Nguyễn Xuân Hải", 'name: "\\ud800"', 0, "signer.name",
        "ký tự điều khiển"),
    "no list": ("plan.yaml", "recipients:\n", "recipients:\n  a: b\nx:\n", 0, "recipients",
        "cần một danh sách"),
    "bad indentation": (PROJECTS, "  name: Cải thiện", " name: Cải thiện", 0, "tệp",
        "YAML"),
    "project twice": ("projects.yaml", "code: DA4.TDA3", "code: DA4.TDA1", 0, "code", "DA4.TDA1"),
    "child before parent": (PROJECTS, "parent: null\n  name: Đa dạng",
        "parent: DA7\n  name: Đa", 0, "parent", "đứng trước"),
    "text on two lines": (PROJECTS, "name: Giám sát, đánh giá", 'name: "a\\nb"', 0, "name",
        "một dòng"),
    "assignment of no project": ("assignments.csv", "\nDA2,395-LDTBXH", "\nDA1,395-LDTBXH", 1,
        "project", "projects.yaml"),
    "assignment of no agency": ("assignments.csv", "\nDA2,395-LDTBXH", "\nDA2,395-LDTB", 1,
        "agency", "agencies.csv"),
    "assigned twice": ("assignments.csv", "\nDA2,@communes,lead",
        "\nDA2,@communes,lead\nDA2,15493,lead", 2, "agency", "15493"),
    "unknown role": ("assignments.csv", "\nDA2,@communes,lead", "\nDA2,@communes,chủ trì", 1,
        "role", "lead, coordinating"),
    "duties of nobody": ("responsibilities.yaml", "agency: 395-TCKH", "agency: 395-TC", 0,
        "agency", "agencies.csv"),
    "duties twice": ("responsibilities.yaml", "agency: 395-TCKH", "agency: 395-VP", 0, "agency",
        "395-VP"),
    "duties of no organisation": ("responsibilities.yaml", 'agency: "@mass_organisations"',
        'agency: "@mass_organisation"', 0, "agency", "cần một mã"),
    "money with points": ("budget_lines.csv", ",126450000,", ",126.450.000,", 0, "amount_vnd",
        "số nguyên đồng"),
    "negative money": ("budget_lines.csv", ",126450000,", ",-1,", 0, "amount_vnd", "không âm"),
    "money in triệu": ("budget_lines.csv", ",126450000,", ',"126,45",', 0, "amount_vnd",
        "ghi 1264"),
    "money past all bounds": ("budget_lines.csv", ",126450000,", ",1000000000000000000,", 0,
        "amount_vnd", "số nguyên đồng"),
    "unknown source": ("budget_lines.csv", "\nDA2,,central,carried", "\nDA2,,trung ương,carried",
        1, "source", "cần một trong: central"),
    "line twice": ("budget_lines.csv", "DA2,,central,carried_over,2022;2023,126450000,",
        "DA2,,central,carried_over,2022;2023,1,,\nDA2,,central,carried_over,2023;2022,2,", 1,
        "project", "DA2, central, carried_over"),
    "money of a parent": ("budget_lines.csv", "DA7.TDA2,,central,carried", "DA7,,central,carried",
        0, "project", "có tiểu dự án"),
    "money of no project": ("budget_lines.csv", "DA7.TDA2,,central,carried",
        "DA5,,central,carried", 0, "project", "projects.yaml"),
    "money of no agency": ("budget_lines.csv", "\nDA2,,central,carried",
        "\nDA2,15494,central,carried", 1, "agency", "agencies.csv"),
    "carried over from the plan's year": ("budget_lines.csv", "2022;2023,126450000",
        "2023;2024,126450000", 0, "origin_years", "trước 2024"),
    "current money of another year": ("budget_lines.csv", "current_year,2024,3934000000",
        "current_year,2023,3934000000", 0, "origin_years", "năm 2024"),
    "no year of origin": ("budget_lines.csv", "2022;2023,126450000", ",126450000", 0,
        "origin_years", "ít nhất 1"),
    "a year twice": ("budget_lines.csv", "2022;2023,126450000", "2022;2022,126450000", 0,
        "origin_years", "một lần"),
    "indicator twice": ("indicators.csv", "\nKQ.10,", "\nKQ.34,", 1, "code", "KQ.34"),
    "indicator defined twice": (INDICATORS, "KQ.10,Số hộ", "KQ.34,Số hộ", 0, "code", "KQ.34"),
    "project defined otherwise": ("projects.yaml", "- code: DA2\n", "- code: DA2\n  name: Khác\n",
        1, "name", "chương trình đã quy định: Đa dạng"),
    "indicator that no programme defines": ("indicators.csv", "\nKQ.10,", "\nKQ.99,", 1, "name",
        "cần có trường này"),
    "three decimals": (INDICATORS, "KQ.01,Tổng số hộ dân cư,,hộ,stock,0",
        "KQ.01,Tổng số hộ dân cư,,hộ,stock,3", 0, "decimals", "không quá 2"),
    "unknown frequency": ("indicators.csv", "KQ.01,year", "KQ.01,month",
        0, "frequencies[1]", "quarter, half_year, year"),
    "no frequency": ("indicators.csv", "KQ.01,year", "KQ.01,", 0,
        "frequencies", "ít nhất 1"),
    "filled by nobody": ("indicators.csv", "KQ.01,year,communes",
        "KQ.01,year,", 0, "filled_by", "một trong hai"),
    "filled by somebody unknown": ("indicators.csv", "KQ.01,year,communes",
        "KQ.01,year,commune", 0, "filled_by", "communes, l"),
    "filled by leads of no project": ("indicators.csv", "KQ.01,year,communes",
        "KQ.01,year,leads", 0, "filled_by", "chủ trì"),
    "filled and derived": ("indicators.csv", "KQ.31,year,,", "KQ.31,year,communes,",
        0, "filled_by", "một trong hai"),
    "formula of another form": (INDICATORS, "100 * KQ.06 / KQ.01", "KQ.06 * KQ.01", 0,
        "formula", "một tổng như"),
    "formula of unknown terms": (INDICATORS, "100 * KQ.06 / KQ.01", "100 * KQ.06 / KQ.99",
        0, "formula", "KQ.99"),
    "formula of itself": (INDICATORS, "KQ.31.1 + KQ.31.2", "KQ.31 + KQ.31.2", 0,
        "formula", "quay về chính"),
    "ratio that is none": (INDICATORS, "KQ.07,Tỷ lệ hộ nghèo,,%,ratio",
        "KQ.07,Tỷ lệ,,%,stock", 0, "kind", "Chỉ tiêu tỷ lệ"),
    "formula of terms that are not reported": ("indicators.csv",
        "KQ.08,half_year", "KQ.08,quarter;half_year", 0, "formula", "KQ.08.1 không được báo cáo"),
    "ratio that is filled in": (INDICATORS, "KQ.01,Tổng số hộ dân cư,,hộ,stock",
        "KQ.01,Tổng số hộ dân cư,,hộ,ratio", 0, "kind", "Chỉ tiêu tỷ lệ phải có công thức"),
    "group in another unit": (INDICATORS,
        "DA2.05.1,Vốn đối ứng của người dân,DA2,đồng",
        "DA2.05.1,Vốn đối ứng của người dân,DA2,triệu đồng", 0, "unit", "tính: đồng"),
    "maximum below zero": ("indicators.csv", "half_year;year,395-VHTT,30,\nDA61.02",
        "half_year;year,395-VHTT,-30,\nDA61.02", 0,
        "maximum", "không âm"),
    "schedule twice": ("schedules.yaml", "code: annual", "code: quarterly", 0, "code",
        "quarterly"),
    "fifth quarter": ("schedules.yaml", "[1, 2, 3, 4]", "[1, 2, 3, 5]", 0, "ordinals", "1 đến 4"),
    "month past the quarter": ("schedules.yaml", "month: 3 ", "month: 4 ", 0, "month",
        "từ 1 đến 3"),
    "day 32": ("schedules.yaml", "day: 15", "day: 32", 0, "day", "không quá 31"),
    "day 0": ("schedules.yaml", "day: 15", "day: 0", 0, "day", "từ 1 trở lên"),
    "unknown due day": ("schedules.yaml", "day: 15\n  due_day: included",
        "day: 15\n  due_day: yes", 1, "due_day", "included, excluded"),
    "the same periods twice": ("schedules.yaml", "frequency: half_year\n  ordinals: [1]",
        "frequency: quarter\n  ordinals: [1]", 1, "ordinals", "đã có trong"),
    "working day twice": ("working_days.csv", "2024-05-04,", "2024-05-04,off,Nghỉ\n2024-05-04,",
        1, "date", "2024-05-04"),
    "unknown change": ("working_days.csv", ",worked,", ",làm,", 0, "change", "off, worked"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_finding_names_file_line_and_field(folder: Path, mistake: str) -> None:
    file, old, new, below, field, expected = MISTAKES[mistake]
    line = correct((folder.parent if "/" in file else folder) / file, old, new) + below
    reported = await findings(folder)
    at_position = [text for text in reported if text.startswith(f"{file}:{line}: {field}: ")]
    assert any(expected in text for text in at_position), reported


async def test_a_schedule_with_a_repeated_reporter(folder: Path) -> None:
    path = folder / "schedules.yaml"
    line = correct(
        path,
        "trước ngày 15 tháng cuối quý\n  non_working_day: none\n  cutoff_day: 14\n"
        '  applies_from: null\n  reporters:\n    - "@communes"\n',
        "trước ngày 15 tháng cuối quý\n  non_working_day: none\n  cutoff_day: 14\n"
        "  applies_from: null\n  reporters:\n    - 395-LDTBXH\n",
    )
    reported = await findings(folder)
    assert reported == [
        f"schedules.yaml:{line + 4}: reporters: mỗi giá trị chỉ được ghi một lần",
    ]


async def test_all_findings_are_reported_together(folder: Path) -> None:
    lines = {
        "agencies.csv": correct(folder / "agencies.csv", "Lương,commune", "Lương,xã"),
        "budget_lines.csv": correct(folder / "budget_lines.csv", ",126450000,", ",-1,"),
        "indicators.csv": correct(folder / "indicators.csv", "KQ.01,year", "KQ.01,month"),
        "plan.yaml": correct(folder / "plan.yaml", "2024-01-05", "2024-01-32"),
        "schedules.yaml": correct(folder / "schedules.yaml", "day: 15", "day: 32"),
    }
    reported = await findings(folder)
    assert [text.split(": ")[0] for text in reported] == [
        f"{file}:{at}" for file, at in lines.items()
    ]


async def test_one_mistake_gives_one_finding(folder: Path) -> None:
    """References to an invalid row give no further findings."""
    correct(folder / "agencies.csv", "395-VP,Văn phòng HĐND-UBND,dep", "395-VP,Văn phòng,dop")
    assert len(await findings(folder)) == 1
    correct(folder / "projects.yaml", "- code: DA2\n  objective", "- code: DA2\n  muc_tieu")
    assert len(await findings(folder)) == 2


@pytest.mark.parametrize("file", FILES)
async def test_a_missing_file_is_the_only_finding(folder: Path, file: str) -> None:
    (folder / file).unlink()
    reported = await findings(folder)
    assert len(reported) == 1
    assert reported[0].startswith(f"{file}:1: tệp: cần có tệp này")


@pytest.mark.parametrize("file", FILES)
async def test_an_empty_file_is_reported(folder: Path, file: str) -> None:
    (folder / file).write_bytes(b"")
    assert any(text.startswith(f"{file}:1: ") for text in await findings(folder))


async def test_a_missing_folder(tmp_path: Path) -> None:
    (finding,) = await findings(tmp_path / "nowhere")
    assert finding.startswith("plan.yaml:1: tệp: cần có tệp này trong thư mục")


async def test_another_encoding_is_reported_with_its_line(folder: Path) -> None:
    path = folder / "agencies.csv"
    lines = path.read_bytes().split(b"\n")
    lines[4] = "395-X,Phòng Lao động".encode("cp1258", errors="replace") + b"\xd0,,,,"
    path.write_bytes(b"\n".join(lines))
    assert any(
        text.startswith("agencies.csv:5: tệp: cần lưu tệp ở dạng UTF-8")
        for text in await findings(folder)
    )


@pytest.mark.parametrize(("separator", "words"), [(";", "dấu chấm phẩy (;)"), ("\t", "dấu tab")])
async def test_another_separator_is_named(folder: Path, separator: str, words: str) -> None:
    path = folder / "agencies.csv"
    path.write_text(path.read_text("utf-8").replace(",", separator), "utf-8")
    about = [text for text in await findings(folder) if text.startswith("agencies.csv:")]
    assert len(about) == 1
    assert f"cần dấu phẩy (,) giữa các cột, tệp đang dùng {words}; " in about[0]


async def test_a_recursive_list_is_reported(folder: Path) -> None:
    (folder / "projects.yaml").write_text("- &a\n  code: DA2\n  parent: *a\n  name: x\n", "utf-8")
    assert "projects.yaml:1: dòng: cần một mục không chứa chính nó" in await findings(folder)


async def test_multi_line_rows_keep_correct_line_numbers(folder: Path) -> None:
    path = folder.parent / INDICATORS
    correct(path, "Số hộ dân cư của xã, thị trấn tại", "Số hộ dân cư\ncủa xã,\nthị trấn tại")
    line = correct(path, "KQ.10,Số hộ mới thoát nghèo,,hộ,stock,0", "KQ.10,Số hộ,,hộ,stock,9")
    assert await findings(folder) == [f"{INDICATORS}:{line}: decimals: cần không quá 2"]


async def test_a_file_saved_by_a_spreadsheet_is_accepted(folder: Path) -> None:
    """With a byte order mark, CRLF, decomposed letters and trailing empty rows."""
    path = folder / "agencies.csv"
    text = unicodedata.normalize("NFD", path.read_text("utf-8")).replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode() + b",,,,,\r\n")
    line = correct(folder / "working_days.csv", "worked", "x")
    reported = await findings(folder)
    assert [text.split(": ")[0] for text in reported] == [f"working_days.csv:{line}"]

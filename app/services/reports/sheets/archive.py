"""Opening a workbook from outside: its size is known before it is unpacked and parsed."""

import io
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.errors import ValidationFailed
from app.text.bilingual import Bilingual

if TYPE_CHECKING:
    from openpyxl import Workbook

MAX_MEMBERS = 200
MAX_BYTES = 20_000_000
"""Of all members, unpacked. A form has 0.3 MB."""
MAX_ROWS = 5_000
MAX_CELLS = 100_000
ROW = re.compile(rb"<(?:\w+:)?row[\s>/]")
CELL = re.compile(rb"<(?:\w+:)?c[\s>/]")

NOT_A_WORKBOOK = Bilingual(
    "Tệp không phải là bảng tính Excel (.xlsx).", "The file is no Excel workbook (.xlsx)."
)
TOO_LARGE = Bilingual(
    "Bảng tính quá lớn: tối đa {rows} dòng, {cells} ô, {megabytes} MB khi giải nén.",
    "The workbook is too large: at most {rows} rows, {cells} cells, {megabytes} MB unpacked.",
)
MACROS = Bilingual(
    "Bảng tính có macro; hãy lưu lại dưới dạng .xlsx không có macro.",
    "The workbook has macros; save it as .xlsx without them.",
)
EXTERNAL_LINKS = Bilingual(
    "Bảng tính có liên kết tới tệp khác; hãy dán giá trị thay cho liên kết.",
    "The workbook links to other files; paste values in place of the links.",
)


@dataclass(frozen=True)
class Workbooks:
    """A workbook as it was saved: with the values of its formulas, and with the formulas."""

    values: "Workbook"
    formulas: "Workbook"


def open_workbook(content: bytes) -> Workbooks:
    """Open a workbook within limits.

    Raises:
        ValidationFailed: it is none, or too large, or has macros or links to other files.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 - slow to import and rarely needed

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check(archive)
        return Workbooks(
            load_workbook(io.BytesIO(content), data_only=True),
            load_workbook(io.BytesIO(content), keep_links=False),
        )
    except ValidationFailed:
        raise
    except Exception as error:  # openpyxl raises many kinds for a file that is malformed
        raise _refused("not_a_workbook", NOT_A_WORKBOOK) from error


def _check(archive: zipfile.ZipFile) -> None:
    """Check names and sizes of the members, then the numbers of rows and cells.

    zipfile unpacks no member further than the size that it declares.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_BYTES:
        raise _too_large()
    names = [member.filename for member in members]
    if any("vbaproject" in name.lower() for name in names):
        raise _refused("macros", MACROS)
    if any(name.startswith("xl/externalLinks/") for name in names):
        raise _refused("external_links", EXTERNAL_LINKS)
    rows = cells = 0
    for name in names:
        if name.endswith((".xml", ".rels")):
            text = archive.read(name)
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                raise _refused("not_a_workbook", NOT_A_WORKBOOK)
            rows += len(ROW.findall(text))
            cells += len(CELL.findall(text))
    if rows > MAX_ROWS or cells > MAX_CELLS:
        raise _too_large()


def _too_large() -> ValidationFailed:
    limits = {"rows": MAX_ROWS, "cells": MAX_CELLS, "megabytes": MAX_BYTES // 1_000_000}
    return ValidationFailed.at("/file", "workbook_too_large", TOO_LARGE, **limits)


def _refused(code: str, message: Bilingual) -> ValidationFailed:
    return ValidationFailed.at("/file", code, message)

"""Files as validated rows: tables of many rows, documents of one."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import ValidationError

from seed import rows
from seed.findings import Finding
from seed.reading import read

RowType = TypeVar("RowType", bound=rows.Row)
Definitions = Mapping[str, Mapping[str, Any]]
"""By code, the values that a programme defines and a plan's file need not repeat."""


class NumberedRow(NamedTuple, Generic[RowType]):
    """A valid row and its index in the file."""

    number: int
    row: RowType


class Document(Generic[RowType]):
    """A file of one row; `row` is None if it is invalid."""

    def __init__(self, folder: Path, name: str, row_type: type[RowType]) -> None:
        self.source = read(folder, name)
        self.row: RowType | None = None
        if self.source.findings:
            return
        try:
            self.row = row_type.model_validate(self.source.content)
        except ValidationError as error:
            self.source.findings += [
                self.source.finding(detail["loc"], rows.message_of(detail))
                for detail in error.errors()
            ]


class Table(Generic[RowType]):
    """The valid rows of one file, and its findings.

    The values of `definitions` complete the rows of their codes; their columns may be left out.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        row_type: type[RowType],
        definitions: Definitions | None = None,
        defined: Collection[str] = (),
    ) -> None:
        self.source = read(folder, name)
        self.findings = self.source.findings
        self.readable = not self.findings
        self.entries: list[NumberedRow[RowType]] = []
        self._row_type = row_type
        self._definitions = definitions or {}
        self._defined = frozenset(defined)
        self._check_columns()
        content = self.source.content
        if not isinstance(content, list):
            if self.readable:
                self.source.add_finding(
                    1, "tệp", "cần một danh sách, mỗi mục bắt đầu bằng dấu gạch ngang"
                )
            self.readable = False
            return
        for number, item in enumerate(content):
            self._add(number, item)

    @property
    def rows(self) -> list[RowType]:
        """The rows without their indexes."""
        return [entry.row for entry in self.entries]

    def codes(self) -> frozenset[str] | None:
        """The codes in the file, also of invalid rows; None if the file is unreadable."""
        if not self.readable:
            return None
        named = (item.get("code") for item in self.source.content if isinstance(item, dict))
        return frozenset(code for code in named if isinstance(code, str))

    def finding(self, entry: NumberedRow[RowType], field: str, expected: str) -> Finding:
        """A finding about a field of a row."""
        return self.source.finding((entry.number, field), expected)

    def redefinitions(self) -> list[Finding]:
        """A finding for each value that differs from its definition."""
        return [
            self.source.finding((number, field), f"chương trình đã quy định: {value}")
            for number, item in enumerate(self.source.content if self.readable else [])
            if isinstance(item, dict)
            for field, value in self._definition(item).items()
            if item.get(field) not in {None, "", value}
        ]

    def _definition(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        code = item.get("code")
        return self._definitions.get(code, {}) if isinstance(code, str) else {}

    def _check_columns(self) -> None:
        columns = self.source.columns
        if columns is None:
            return
        fields = self._row_type.model_fields
        needed = {name for name, field in fields.items() if field.is_required()}
        for name in needed - set(columns) - self._defined:
            self.source.add_finding(1, name, f"cần có cột này; các cột: {','.join(fields)}")
        for name in set(columns) - fields.keys():
            self.source.add_finding(
                1, name or "cột", f"không có cột này; các cột: {','.join(fields)}"
            )
        for name in {name for name in columns if columns.count(name) > 1}:
            self.source.add_finding(1, name, "chỉ được có một cột tên như vậy")
        self.readable = not self.findings

    def _add(self, number: int, item: object) -> None:
        columns = self.source.columns
        if isinstance(item, dict):
            if columns is not None:
                # The header has its own findings; keep only known columns.
                item = {name: item[name] for name in self._row_type.model_fields if name in item}
            item = {**item, **self._definition(item)}
        try:
            self.entries.append(NumberedRow(number, self._row_type.model_validate(item)))
        except ValidationError as error:
            for detail in error.errors():
                # A missing column has its own finding, unless a definition can stand in for it.
                has_finding = columns is not None and detail["loc"][0] not in self._defined
                if detail["type"] != "missing" or not has_finding:
                    path = (number, *detail["loc"])
                    self.findings.append(self.source.finding(path, rows.message_of(detail)))

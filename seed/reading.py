"""Read CSV and YAML files as text values with their line numbers."""

import csv
import io
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from seed.findings import Finding

ValuePath = tuple[int | str, ...]
"""The path to a value: row index (absent in `plan.yaml`), field, item index."""

WHOLE_FILE = "tệp"
WHOLE_ROW = "dòng"
SEPARATORS = {";": "dấu chấm phẩy (;)", "\t": "dấu tab"}
"""What Excel writes between cells in some settings, with the words for it."""
SAVE_WITH_COMMAS = (
    "trong Excel chọn lưu dạng CSV UTF-8 và đặt dấu phân cách danh sách (List separator) của "
    "Windows là dấu phẩy"
)
_TAG = "tag:yaml.org,2002:"


@dataclass
class Source:
    """The content of a file: None, booleans, text, lists and mappings, with line numbers.

    `columns` is the header of a CSV file.
    """

    file: str
    content: Any = None
    lines: dict[ValuePath, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    columns: list[str] | None = None

    def add_finding(self, line: int, name: str, expected: str) -> None:
        """Add a finding at a line."""
        self.findings.append(Finding(self.file, line, name, expected))

    def finding(self, path: ValuePath, expected: str) -> Finding:
        """A finding at a path, or at its nearest ancestor in the file."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return Finding(self.file, self.lines.get(known, 1), self._name(path), expected)

    def _name(self, path: ValuePath) -> str:
        steps = path[1:] if isinstance(self.content, list) else path
        name = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in steps)
        return name.removeprefix(".") or WHOLE_ROW


def read(folder: Path, name: str) -> Source:
    """Read a file; errors become findings."""
    source = Source(name)
    try:
        text = (folder / name).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        source.add_finding(1, WHOLE_FILE, f"cần có tệp này trong thư mục {folder}")
    except OSError as error:
        source.add_finding(1, WHOLE_FILE, f"cần một tệp đọc được ({error.strerror})")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        source.add_finding(line, WHOLE_FILE, "cần lưu tệp ở dạng UTF-8")
    else:
        (_read_csv if name.endswith(".csv") else _read_yaml)(source, text)
    return source


def _read_csv(source: Source, text: str) -> None:
    heading = text.partition("\n")[0]
    if "," not in heading and (found := next((sign for sign in SEPARATORS if sign in heading), "")):
        expected = f"cần dấu phẩy (,) giữa các cột, tệp đang dùng {SEPARATORS[found]}"
        source.add_finding(1, WHOLE_FILE, f"{expected}; {SAVE_WITH_COMMAS}")
        return
    rows: list[dict[str, str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [name.strip() for name in next(reader, [])]
        first_line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) == len(columns):
                    source.lines[len(rows),] = first_line
                    rows.append(dict(zip(columns, map(_normalised, cells), strict=True)))
                else:
                    source.add_finding(
                        first_line, WHOLE_ROW, f"cần {len(columns)} ô, đang có {len(cells)} ô"
                    )
            first_line = reader.line_num + 1
    except csv.Error:
        source.add_finding(reader.line_num, WHOLE_ROW, 'cần dấu nháy kép (") đóng mở đúng cặp')
        return
    source.columns = columns
    source.content = rows


def _read_yaml(source: Source, text: str) -> None:
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        source.add_finding(mark.line + 1 if mark else 1, WHOLE_FILE, _not_yaml(error.problem))
    except YAMLError as error:
        source.add_finding(1, WHOLE_FILE, _not_yaml(str(error).splitlines()[0]))
    else:
        source.content = _value_of(source, node, (), ()) if node else None


def _not_yaml(problem: str | None) -> str:
    return f"cần đúng cách viết YAML: thụt đầu dòng, dấu hai chấm, dấu nháy ({problem})"


def _value_of(source: Source, node: Node, path: ValuePath, ancestors: tuple[Node, ...]) -> Any:
    """The node's value; numbers and dates remain text."""
    source.lines.setdefault(path, node.start_mark.line + 1)
    if node in ancestors:
        source.add_finding(node.start_mark.line + 1, WHOLE_ROW, "cần một mục không chứa chính nó")
        return None
    ancestors = (*ancestors, node)
    if isinstance(node, MappingNode):
        return _mapping(source, node, path, ancestors)
    if isinstance(node, SequenceNode):
        return [_value_of(source, item, (*path, i), ancestors) for i, item in enumerate(node.value)]
    assert isinstance(node, ScalarNode), "YAML has three kinds of nodes"  # noqa: S101 - narrows
    if node.tag == f"{_TAG}null":
        return None
    if node.tag == f"{_TAG}bool":
        return str(node.value).lower() == "true"
    return _normalised(node.value)


def _normalised(text: str) -> str:
    """The text in NFC, as the database stores it, without surrounding spaces."""
    return unicodedata.normalize("NFC", text).strip()


def _mapping(
    source: Source, node: MappingNode, path: ValuePath, ancestors: tuple[Node, ...]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            source.add_finding(line, WHOLE_ROW, "cần tên trường là một từ")
            continue
        name = str(key.value)
        if name in values:
            source.add_finding(line, name, "chỉ được ghi một lần trong một mục")
            continue
        source.lines[*path, name] = line
        values[name] = _value_of(source, value, (*path, name), ancestors)
    return values

"""Files as plain values, each with the line on which it stands."""

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

Place = tuple[int | str, ...]
"""The way to a value: its row (none in `plan.yaml`), then its field, then the item in it."""

WHOLE_FILE = "tệp"
WHOLE_ROW = "dòng"
_TAG = "tag:yaml.org,2002:"


@dataclass
class Source:
    """What a file says: None, true, false, text, lists and mappings, and where each stands.

    `columns` are the header of a CSV file.
    """

    file: str
    content: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    columns: list[str] | None = None

    def note(self, line: int, name: str, expected: str) -> None:
        """Keep a finding that is known by its line."""
        self.findings.append(Finding(self.file, line, name, expected))

    def finding(self, place: Place, expected: str) -> Finding:
        """A finding at a place, or at the nearest one around it that the file has."""
        known = place
        while known and known not in self.lines:
            known = known[:-1]
        return Finding(self.file, self.lines.get(known, 1), self._name(place), expected)

    def _name(self, place: Place) -> str:
        steps = place[1:] if isinstance(self.content, list) else place
        name = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in steps)
        return name.removeprefix(".") or WHOLE_ROW


def read(folder: Path, name: str) -> Source:
    """The file, as far as it can be read; what cannot be is among its findings."""
    source = Source(name)
    try:
        text = (folder / name).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        source.note(1, WHOLE_FILE, f"cần có tệp này trong thư mục {folder}")
    except OSError as error:
        source.note(1, WHOLE_FILE, f"cần một tệp đọc được ({error.strerror})")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        source.note(line, WHOLE_FILE, "cần lưu tệp ở dạng UTF-8")
    else:
        (_read_csv if name.endswith(".csv") else _read_yaml)(source, text)
    return source


def _read_csv(source: Source, text: str) -> None:
    rows: list[dict[str, str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [name.strip() for name in next(reader, [])]
        begins = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) == len(columns):
                    source.lines[len(rows),] = begins
                    rows.append(dict(zip(columns, map(_normal, cells), strict=True)))
                else:
                    source.note(begins, WHOLE_ROW, f"cần {len(columns)} ô, đang có {len(cells)} ô")
            begins = reader.line_num + 1
    except csv.Error:
        source.note(reader.line_num, WHOLE_ROW, 'cần dấu nháy kép (") đóng mở đúng cặp')
        return
    source.columns = columns
    source.content = rows


def _read_yaml(source: Source, text: str) -> None:
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        source.note(mark.line + 1 if mark else 1, WHOLE_FILE, _not_yaml(error.problem))
    except YAMLError as error:
        source.note(1, WHOLE_FILE, _not_yaml(str(error).splitlines()[0]))
    else:
        source.content = _plain(source, node, (), ()) if node else None


def _not_yaml(problem: str | None) -> str:
    return f"cần đúng cách viết YAML: thụt đầu dòng, dấu hai chấm, dấu nháy ({problem})"


def _plain(source: Source, node: Node, place: Place, around: tuple[Node, ...]) -> Any:
    """The node's value; numbers and dates stay the text that was written."""
    source.lines.setdefault(place, node.start_mark.line + 1)
    if node in around:
        source.note(node.start_mark.line + 1, WHOLE_ROW, "cần một mục không chứa chính nó")
        return None
    around = (*around, node)
    if isinstance(node, MappingNode):
        return _mapping(source, node, place, around)
    if isinstance(node, SequenceNode):
        return [_plain(source, item, (*place, i), around) for i, item in enumerate(node.value)]
    assert isinstance(node, ScalarNode), "YAML has three kinds of nodes"  # noqa: S101 - narrows
    if node.tag == f"{_TAG}null":
        return None
    if node.tag == f"{_TAG}bool":
        return str(node.value).lower() == "true"
    return _normal(node.value)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _mapping(
    source: Source, node: MappingNode, place: Place, around: tuple[Node, ...]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            source.note(line, WHOLE_ROW, "cần tên trường là một từ")
            continue
        name = str(key.value)
        if name in values:
            source.note(line, name, "chỉ được ghi một lần trong một mục")
            continue
        source.lines[*place, name] = line
        values[name] = _plain(source, value, (*place, name), around)
    return values

"""What the operator reads: lines in one language, and progress on a terminal."""

import sys
from dataclasses import dataclass
from typing import Any, TextIO

from app.text.bilingual import Bilingual
from app.text.writing import Language

MEGABYTES = Bilingual("{count} MB", "{count} MB")


@dataclass(frozen=True, slots=True)
class Console:
    """Standard output and error, in a language."""

    language: Language

    def say(self, text: Bilingual | str, **facts: Any) -> None:
        """Print a line; a plain text is the same in both languages."""
        _write(sys.stdout, self.words(text, **facts) + "\n")

    def warn(self, text: Bilingual | str, **facts: Any) -> None:
        """Print a line to standard error."""
        _write(sys.stderr, self.words(text, **facts) + "\n")

    def words(self, text: Bilingual | str, **facts: Any) -> str:
        """The text in the language, with its placeholders filled in if there are facts."""
        if isinstance(text, str):
            return text
        return text.fill(self.language, facts) if facts else text.text_in(self.language)

    def show_bytes(self, done: int) -> None:
        """Show on a terminal how many bytes are read or written."""
        self._show(self.words(MEGABYTES, count=done // 1_000_000))

    def show_share(self, done: int, total: int) -> None:
        """Show on a terminal how much is done."""
        self._show(f"{done * 100 // total} %")

    def end_progress(self) -> None:
        """Go back to the start of the line of progress."""
        self._show("")

    def _show(self, text: str) -> None:
        if sys.stderr.isatty():
            _write(sys.stderr, f"\r{text}")


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()

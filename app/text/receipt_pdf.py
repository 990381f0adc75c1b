"""A receipt as a PDF, set by Typst with the fonts of its package, which have Vietnamese letters."""

import json
from collections.abc import Sequence
from importlib.resources import files

import typst


def receipt_pdf(*, title: str, number: str, lines: Sequence[tuple[str, str]], check: str) -> bytes:
    """The PDF of a receipt: its lines as labels with their texts, and how to check it.

    It takes some milliseconds of processor time.
    """
    content = {"title": title, "number": number, "lines": lines, "check": check}
    template = (files("app") / "templates" / "receipt.typ").read_bytes()
    pdf = typst.compile(
        template,
        sys_inputs={"receipt": json.dumps(content, ensure_ascii=False)},
        ignore_system_fonts=True,
    )
    if not isinstance(pdf, bytes):
        raise TypeError("one document was expected")
    return pdf

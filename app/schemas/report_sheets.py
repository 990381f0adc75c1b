"""The wire format of an import of a report's form as a workbook."""

from typing import Any, Literal

from pydantic import Field

from app.schemas.base import Output, examples

IMPORT: dict[str, Any] = {
    "preview": True,
    "entries": 12,
    "disbursements": 1,
    "problems": [
        {
            "level": "error",
            "sheet": "DA2",
            "cell": "F6",
            "code": "formula_without_value",
            "message": "Ô có công thức nhưng tệp không lưu kết quả; hãy mở bằng Excel rồi lưu lại, "
            "hoặc gõ số.",
        }
    ],
    "errors": 1,
    "version": None,
}


class CellProblem(Output):
    """What is wrong at a cell, or what was assumed about it."""

    level: Literal["error", "warning"] = Field(description="Whether it prevents the import.")
    sheet: str = Field(description="The name of the sheet.")
    cell: str = Field(description="The address of the cell.")
    code: str = Field(description="A stable code.")
    message: str = Field(description="The problem in words.")


class ImportOut(Output):
    """What was read from a workbook."""

    model_config = examples(IMPORT)

    preview: bool = Field(description="Whether nothing was saved.")
    entries: int = Field(description="The lines of figures that were read.")
    disbursements: int = Field(description="The lines of money that were read.")
    problems: list[CellProblem] = Field(description="The problems, by sheet and cell.")
    errors: int = Field(description="How many of them prevent the import.")
    version: int | None = Field(
        description="The version of the report after the import, as in its ETag; null in a preview."
    )

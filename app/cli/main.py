"""Run a command: parse its arguments, and explain its errors."""

import os
import sys

from app.cli import commands, parser
from app.cli.console import Console
from app.cli.explaining import explain
from app.cli.language import chosen_language


def main() -> None:
    """Run the command. Expected errors print one message without a stack trace."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # the terminal's encoding may lack Vietnamese letters
    language = chosen_language(sys.argv[1:], os.environ)
    parsing = parser.build(language)
    arguments = vars(parsing.parse_args())
    del arguments["lang"]
    name = arguments.pop("command")
    if name is None:
        parsing.print_help()
        sys.exit(2)
    command, console = commands.COMMANDS[name], Console(language)
    try:
        sys.exit(command(console, **arguments) or 0)
    except commands.UsageError as error:
        parsing.error(error.text.text_in(language))
    except Exception as error:
        message = explain(error, language)
        if message is None:
            raise
        console.warn(f"tiendo: {message}")
        sys.exit(1)

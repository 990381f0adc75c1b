"""Run the guides' snippets as written, in order on one server, and compare their answers."""

import re
from pathlib import Path

from tests.support.console_snippets import ADDRESS, ROOT, Server, Shell, free_port, matches, steps


def test_the_guides_print_the_answers_shown(tmp_path: Path) -> None:
    server = Server(tmp_path / "var", free_port())
    shell = Shell(tmp_path)
    ran = 0
    guides = [("api-guide.md", "## Start"), ("province-pull.md", "## A key")]
    try:
        for name, heading in guides:
            for step in steps(ROOT / "docs" / name, heading):
                if "make run" in step.command:
                    server.start(**dict(re.findall(r"(TIENDO_\w+)=(\S+)", step.command)))
                    continue
                command = step.command.replace(ADDRESS, f"127.0.0.1:{server.port}")
                answer = shell.run(command)
                assert matches(answer, step.answer), step.difference(answer)
                ran += 1
    finally:
        shell.close()
        server.stop()
    assert ran > 25

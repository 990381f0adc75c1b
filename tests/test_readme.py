"""Run the README's tour as written and compare its answers."""

import re
from pathlib import Path

from tests.support.console_snippets import ADDRESS, ROOT, Server, Shell, free_port, matches, steps


def test_the_tour_prints_the_answers_shown(tmp_path: Path) -> None:
    server = Server(tmp_path / "var", free_port())
    shell = Shell(tmp_path)
    ran = 0
    try:
        for step in steps(ROOT / "README.md", "## A five-minute tour"):
            command = step.command.replace(ADDRESS, f"127.0.0.1:{server.port}")
            if "make run" in command:
                server.stop()
                server.start(**dict(re.findall(r"(TIENDO_\w+)=(\S+)", command)))
                continue
            answer = shell.run(command)
            assert matches(answer, step.answer), (
                f"{step.command}\nshown:\n{step.answer}\ngot:\n{answer}"
            )
            ran += 1
    finally:
        shell.close()
        server.stop()
    assert ran > 20

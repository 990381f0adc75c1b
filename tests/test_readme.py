"""Run the README's tour as written and compare its answers."""

import re
from pathlib import Path

from tests.support.console_snippets import ADDRESS, ROOT, Server, Shell, free_port, matches, steps

TOUR_DATA = "var/tour"
"""The tour's data folder: not the one in which earlier starts may have left another password."""


def test_the_tour_prints_the_answers_shown(tmp_path: Path) -> None:
    server = Server(tmp_path / TOUR_DATA, free_port())
    shell = Shell(tmp_path)
    shell.run(f"export TMPDIR='{tmp_path}'")
    ran = 0
    try:
        for step in steps(ROOT / "README.md", "## A five-minute tour"):
            command = step.command.replace(ADDRESS, f"127.0.0.1:{server.port}")
            if "make run" in command:
                server.stop()
                settings = dict(re.findall(r"(TIENDO_\w+)=(\S+)", command))
                assert settings["TIENDO_DATA_DIR"] == TOUR_DATA
                server.start(**settings)
                continue
            if "rm -r" in command:
                server.stop()
            answer = shell.run(command)
            assert matches(answer, step.answer), (
                f"{step.command}\nshown:\n{step.answer}\ngot:\n{answer}"
            )
            ran += 1
    finally:
        shell.close()
        server.stop()
    assert ran > 20
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []

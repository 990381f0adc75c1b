"""Docker files, Makefile and documents refer only to existing files, commands and settings."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.settings import Environment, Settings

ROOT = Path(__file__).resolve().parent.parent
TIENDO = Path(sys.executable).parent / "tiendo"
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/**/*.md"))]
SAMPLES = {
    "DATABASE_PASSWORD": "0123456789abcdef",
    "APPLICATION_PASSWORD": "fedcba9876543210",
    "PUBLIC_URL": "https://tiendo.example.vn",
}
"""Values for the required variables of compose.yaml."""

SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY|URL")
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def copied() -> list[str]:
    """The sources of the Dockerfile's COPY instructions."""
    instructions = re.findall(r"^COPY (?!--from)(.*)$", text_of("Dockerfile"), re.MULTILINE)
    return [source for instruction in instructions for source in instruction.split()[:-1]]


@cache
def compose() -> Any:
    return YAML(typ="safe").load(text_of("compose.yaml"))


def interpolated(value: str, variables: dict[str, str]) -> str:
    """Substitute variables as compose does; a missing required one raises KeyError."""

    def put(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        return variables.get(name, rest) if operator == "-" else variables[name]

    return VARIABLE.sub(put, value)


@cache
def commands() -> frozenset[str]:
    """The commands listed by `tiendo --help`."""
    shown = tiendo("--help", cwd=ROOT).stdout
    return frozenset(re.findall(r"^\W*([a-z][a-z-]+) {2,}\S", shown, re.MULTILINE))


def tiendo(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - no outside input
        [TIENDO, *arguments],
        cwd=cwd,
        env={"COLUMNS": "200", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_the_command_is_installed_and_starts_from_any_folder(tmp_path: Path) -> None:
    scripts = tomllib.loads(text_of("pyproject.toml"))["project"]["scripts"]
    assert list(scripts) == [TIENDO.name]
    shown = tiendo("--help", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert {"serve", "migrate", "seed", "user", "verify"} <= commands()


def test_files_copied_into_the_image_exist_and_are_in_the_context() -> None:
    let_in = {line[1:] for line in text_of(".dockerignore").splitlines() if line.startswith("!")}
    assert let_in == set(copied())
    assert [source for source in copied() if not (ROOT / source).exists()] == []


def test_the_image_has_all_run_time_files() -> None:
    # Migrations use alembic.ini in the root folder; the first plan is in seed/.
    assert {"app", "migrations", "seed", "alembic.ini", "requirements.lock"} <= set(copied())


def test_packages_contain_all_data_files() -> None:
    packed = tomllib.loads(text_of("pyproject.toml"))["tool"]["setuptools"]["package-data"]
    for package, patterns in packed.items():
        there = {path for path in (ROOT / package).rglob("*") if path.is_file()}
        there = {path for path in there if path.suffix not in {".py", ".pyc"}}
        named = {path for pattern in patterns for path in (ROOT / package).glob(pattern)}
        assert there <= named, package


def test_image_and_makefile_pin_one_uv() -> None:
    pins = {
        *re.findall(r"uv==([\d.]+)", text_of("Dockerfile")),
        *re.findall(r"^UV_VERSION = (\S+)$", text_of("Makefile"), re.MULTILINE),
    }
    assert len(pins) == 1


def test_the_image_uses_known_settings_and_an_unprivileged_user() -> None:
    dockerfile = text_of("Dockerfile")
    assert set(re.findall(r"(TIENDO_\w+)", dockerfile)) <= known_settings()
    users = re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE)
    assert users
    assert users[-1] not in {"root", "0"}


def known_settings() -> set[str]:
    return {f"TIENDO_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("service", ["migrate", "service", "worker"])
def test_compose_sets_valid_production_settings(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = compose()["services"][service]["environment"]
    assert set(environment) <= known_settings()
    for name, value in environment.items():
        monkeypatch.setenv(name, interpolated(value, SAMPLES))
    settings = Settings()
    assert settings.environment is Environment.PRODUCTION
    assert settings.embedded_worker is False
    assert settings.database_url == (
        "postgresql://tiendo_app:fedcba9876543210@database:5432/tiendo"
    )
    assert (settings.owner_database_url is not None) == (service == "migrate")


def test_compose_runs_commands_that_exist() -> None:
    run = {
        container["command"][0]
        for container in compose()["services"].values()
        if "command" in container
    }
    assert run == {"migrate", "serve", "worker"}
    assert run <= commands()


def test_compose_contains_no_secret_and_describes_required_variables() -> None:
    for container in compose()["services"].values():
        for name, value in container["environment"].items():
            if SECRET.search(name):
                assert VARIABLE.search(value), f"{name} is written out"
    needed = {
        name: message
        for name, operator, message in VARIABLE.findall(text_of("compose.yaml"))
        if operator == "?"
    }
    assert needed.keys() == SAMPLES.keys()
    assert all(needed.values())


def test_compose_volumes_and_dependencies_are_declared() -> None:
    services = compose()["services"]
    for container in services.values():
        for volume in container.get("volumes", []):
            assert volume.split(":")[0] in compose()["volumes"]
        assert set(container.get("depends_on", {})) <= services.keys()
    waited_for = {name for each in services.values() for name in each.get("depends_on", {})}
    assert "healthcheck" in services["database"]
    assert waited_for == {"database", "migrate", "service"}


def test_every_setting_is_documented_with_its_default() -> None:
    table = text_of("docs/operations.md").split("## Settings", 1)[1].split("\n## ", 1)[0]
    rows = {
        name: (default.strip(), meaning.strip())
        for name, default, meaning in re.findall(
            r"^\| `(TIENDO_\w+)` \|([^|]*)\|([^|]*)\|$", table, re.MULTILINE
        )
    }
    assert rows.keys() == known_settings()
    for name, (default, meaning) in rows.items():
        assert meaning
        value = Settings.model_fields[name.removeprefix("TIENDO_").lower()].default
        if value in {None, ()}:
            continue  # described in words
        shown = str(value).lower() if isinstance(value, bool) else f"{value}".removesuffix(".0")
        assert default == f"`{shown}`", name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_refer_to_existing_things(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [link.split("#")[0] for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text)]
    assert [link for link in links if link and not (document.parent / link).exists()] == []
    paths = re.findall(r"`((?:app|seed|tests|migrations|docs|bench)/[\w./-]*\w/?)[`:]", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    run = re.findall(r"(?:^|`|bin/|exec service )tiendo ([a-z]+)", text, re.MULTILINE)
    assert set(run) <= commands()
    named = set(re.findall(r"`(TIENDO_[A-Z_]+)`", text))
    assert named - {"TIENDO_PROT"} <= known_settings()  # the misspelt one is an example


def test_link_targets_exist() -> None:
    headings: dict[Path, set[str]] = {}
    for document in DOCUMENTS:
        titles = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
        headings[document] = {re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in titles}
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", text):
            there = (document.parent / target).resolve() if target else document
            assert anchor in headings[there], f"{document.name} points to {target}#{anchor}"


def test_the_map_shows_every_module_and_folder() -> None:
    drawn = text_of("docs/architecture.md").split("```text", 1)[1].split("```", 1)[0]
    listed = set(re.findall(r"^ *([\w.]+/?) ", drawn, re.MULTILINE))
    there = {path.name for path in ROOT.glob("app/*.py")} - {"__init__.py"}
    there |= {f"{path.name}/" for path in ROOT.glob("app/[a-z]*") if path.is_dir()}
    assert there <= listed
    folders = {name for name in listed if name.endswith("/")}
    roots = [ROOT, ROOT / "app", ROOT / "app" / "services"]
    assert {name for name in folders if not any((root / name).is_dir() for root in roots)} == set()


def test_decisions_are_numbered_and_fit_on_a_screen() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    index = text_of("docs/decisions/README.md")
    assert "(decisions/README.md)" in text_of("docs/architecture.md")
    for number, decision in enumerate(decisions, start=1):
        text = decision.read_text(encoding="utf-8")
        assert decision.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number}. ")
        assert len(text.splitlines()) <= 45, decision.name
        assert f"[{number}. " in index
        assert f"({decision.name})" in index
        assert re.search(
            r"^\*\*Status\.\*\* .*\*\*Date\.\*\* \d{4}-\d\d-\d\d\.$", text, re.MULTILINE
        )
        for part in ("Context", "Decision", "Alternatives", "Consequences"):
            assert f"**{part}.**" in text, decision.name


def test_make_targets_of_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", text_of("Makefile"), re.MULTILINE))
    named = {
        target
        for document in DOCUMENTS
        for target in re.findall(
            r"(?:`|^\$ |&& |^)make ([a-z0-9-]+)", document.read_text("utf-8"), re.MULTILINE
        )
    }
    assert named <= targets
    assert {"install", "run", "test", "check", "bench"} <= targets


def test_the_ci_script_runs_all_checks() -> None:
    gate = ROOT / ".ci" / "run"
    assert gate.stat().st_mode & 0o111
    script = gate.read_text("utf-8")
    assert "set -euo pipefail" in script
    ran = [line.split()[1:] for line in script.splitlines() if line.startswith("make ")]
    assert ran == [["install-dev"], ["check", "test"], ["contract"]]
    assert re.search(r"^check: lint test ", text_of("Makefile"), re.MULTILINE)

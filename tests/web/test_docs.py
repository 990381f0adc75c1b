"""The page that describes the API works where nothing but the service can be reached."""

import hashlib
import re

from app.web.assets import FOLDER
from tests.conftest import Service
from tests.support.browser import opened

SWAGGER = FOLDER / "swagger-ui"


async def test_it_loads_swagger_and_the_document_from_here(service: Service) -> None:
    page = await opened(service, "/docs")
    assert 'data-document="/api/v1/openapi.json"' in page.answer.text
    assert "/static/swagger-ui/swagger-ui-bundle.js" in page.refers
    assert "/static/swagger-ui/swagger-ui.css" in page.refers
    assert "Trang này cần JavaScript" in page.words


def test_its_script_sends_the_document_to_nobody() -> None:
    script = (FOLDER / "docs.js").read_text("utf-8")
    assert "validatorUrl: null" in script
    assert "://" not in script


def test_swagger_is_as_it_was_published_and_says_under_which_licence() -> None:
    readme = (SWAGGER / "README.md").read_text("utf-8")
    sums = re.findall(r"^ +([0-9a-f]{64})  (\S+)$", readme, re.MULTILINE)
    assert {name for _, name in sums} == {p.name for p in SWAGGER.iterdir()} - {
        "README.md",
        "LICENSE",
        "NOTICE",
        "swagger-ui-bundle.js.LICENSE.txt",
    }
    for expected, name in sums:
        assert hashlib.sha256((SWAGGER / name).read_bytes()).hexdigest() == expected, name
    bundle = (SWAGGER / "swagger-ui-bundle.js").read_text("utf-8")
    assert re.findall(r'PACKAGE_VERSION:"([^"]+)"', bundle) == re.findall(
        r"`swagger-ui-dist` (\S+)", readme
    )
    assert "Apache License" in (SWAGGER / "LICENSE").read_text("utf-8")

"""The API documentation page, which must work without access to other hosts."""

import re

from app.web.assets import CACHE_CONTROL, FOLDER
from tests.conftest import Service
from tests.support.browser import HOST, open_page


async def test_it_loads_swagger_ui_and_the_document_from_the_service(service: Service) -> None:
    page = await open_page(service, "/docs")
    assert 'data-document="/api/v1/openapi.json"' in page.answer.text
    assert "/static/swagger-ui/swagger-ui-bundle.js" in page.references
    assert "/static/swagger-ui/swagger-ui.css" in page.references
    assert "Trang này cần JavaScript" in page.text_content


def test_its_script_sends_the_document_nowhere() -> None:
    script = (FOLDER / "docs.js").read_text("utf-8")
    assert "validatorUrl: null" in script
    assert "://" not in script


async def test_swagger_ui_is_served_compressed_and_renders_openapi_3_1(service: Service) -> None:
    answer = await service.client().get(f"{HOST}/static/swagger-ui/swagger-ui-bundle.js")
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Cache-Control"] == CACHE_CONTROL
    (version,) = re.findall(r'PACKAGE_VERSION:"(\d+)\.[^"]+"', answer.text)
    assert int(version) >= 5

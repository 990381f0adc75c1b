"""What several tests of the services begin with."""

import pytest

from tests.conftest import Service
from tests.support.deliveries import only_rules, swept


@pytest.fixture
async def planned(service: Service) -> Service:
    """Five mails and five messages in the application wait."""
    await only_rules(service, "before-7")
    await swept(service)
    return service

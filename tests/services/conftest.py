"""What several tests of the services begin with."""

import pytest

from tests.conftest import Service
from tests.support.deliveries import keep_rules, run_sweep


@pytest.fixture
async def planned(service: Service) -> Service:
    """Five mails and five messages in the application wait."""
    await keep_rules(service, "before-7")
    await run_sweep(service)
    return service

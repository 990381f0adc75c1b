"""Aggregates that a client has already: 304 against a route with one query, and the full answer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench.capture import capture_statements
from bench.comparison import CLIENTS, FULL, ONE_QUERY, SERVICE, Outcome, Runner, compare
from bench.floors import Recording
from bench.load import LoadProfile
from bench.reads import LAPS, SECONDS, WARM_UP
from bench.request import ApiRequest
from bench.servers import floors, service
from bench.testbed import COORDINATOR, Testbed, in_process

TARGETS = {ONE_QUERY: 0.5, FULL: 3.0}
KINDS = ("indicators", "budget-execution", "timeliness")
FLOOR = "one-query"


def measure(testbed: Testbed) -> list[Outcome]:
    """Compare each kind of aggregate."""
    url = testbed.clone("unchanged")
    requests = {
        kind: ApiRequest(
            "GET", f"/api/v1/aggregates/{kind}?period=2024-Q2", testbed.tokens[COORDINATOR]
        )
        for kind in KINDS
    }
    recording, tags = asyncio.run(_record(url, requests))
    with service(testbed, url) as port, floors(testbed, recording) as floors_port:
        return [
            compare(
                f"unchanged {kind}",
                _runners(requests[kind], tags[kind], port, floors_port),
                TARGETS,
                laps=LAPS,
            )
            for kind in KINDS
        ]


def _runners(request: ApiRequest, tag: str, port: int, floors_port: int) -> dict[str, Runner]:
    revalidation = replace(request, if_none_match=tag)
    floor = ApiRequest("GET", f"/sql/{FLOOR}/0")
    return {
        SERVICE: lambda _: _profile(port, [revalidation]),
        ONE_QUERY: lambda _: _profile(floors_port, [floor]),
        FULL: lambda _: _profile(port, [request]),
    }


def _profile(port: int, requests: Sequence[ApiRequest]) -> LoadProfile:
    return LoadProfile(port, [request.raw() for request in requests], CLIENTS, SECONDS, WARM_UP)


async def _record(url: str, requests: Mapping[str, ApiRequest]) -> tuple[Recording, dict[str, str]]:
    """The first statement of a request, which authenticates, and the tags of the answers.

    Raises:
        RuntimeError: an answer does not confirm its own tag.
    """
    tags = {}
    async with in_process(url) as (app, client):
        for kind, request in requests.items():
            with capture_statements(app.state.database) as sent:
                tags[kind] = (await request.send(client)).headers["ETag"]
            again = await replace(request, if_none_match=tags[kind]).send(client)
            if again.status_code != 304:
                raise RuntimeError(f"{kind}: {again.status_code} in place of 304")
    return Recording(url, {}, {FLOOR: [sent[:1]]}, facts={}), tags

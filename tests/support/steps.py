"""The API calls of people over a year, with descriptions for the log."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from tests.conftest import Service
from tests.support.accounts import PASSWORD, PEOPLE
from tests.support.report_calls import draft, ok, review, submit_complete


@dataclass(frozen=True)
class Step:
    """A call of the API by a person, and its description in the log."""

    description: str
    run: Callable[[Service], Awaitable[object]]


async def signed_in(service: Service, name: str) -> httpx.AsyncClient:
    """A client of that person; accounts created during the year sign in each time."""
    if name in PEOPLE:
        return service.client(name)
    form = {"username": name, "password": PASSWORD}
    token = ok(await service.client().post("/auth/token", data=form))
    return service.client(secret=token["access_token"])


def external_event(words: str) -> Step:
    """An event that no call causes."""

    async def run(_: Service) -> None:
        pass

    return Step(words, run)


def opens_account(name: str, full_name: str, role: str, agency: str) -> Step:
    """The administrator creates an account."""

    async def run(service: Service) -> None:
        account = {"username": name, "full_name": full_name, "role": role, "agency": agency}
        account |= {"email": f"{name}@example.vn", "password": PASSWORD}
        ok(await service.client("district-admin").post("/users", json=account), 201)

    return Step(f"district-admin mở tài khoản {name} ({full_name}, {role} của {agency})", run)


def closes_account(name: str) -> Step:
    """The administrator deactivates an account."""

    async def run(service: Service) -> None:
        admin = service.client("district-admin")
        tag = (await admin.get(f"/users/{name}")).headers["ETag"]
        answer = await admin.patch(
            f"/users/{name}", json={"active": False}, headers={"If-Match": tag}
        )
        ok(answer)

    return Step(f"district-admin khóa tài khoản {name}", run)


def prefers(name: str, *channels: str) -> Step:
    """A person chooses channels."""

    async def run(service: Service) -> None:
        client = await signed_in(service, name)
        wanted = {"channels": list(channels), "period_news": True}
        ok(await client.put("/notifications/preferences", json=wanted))

    return Step(f"{name} chọn chỉ nhận qua {', '.join(channels)}", run)


def drafts(name: str, period: str, agency: str) -> Step:
    """A reporter saves a draft."""

    async def run(service: Service) -> None:
        await draft(await signed_in(service, name), agency, period=period)

    return Step(f"{name} lưu bản nháp {period}/{agency}", run)


def submits(name: str, period: str, agency: str) -> Step:
    """A reporter submits a report."""

    async def run(service: Service) -> None:
        await submit_complete(await signed_in(service, name), agency, period=period)

    return Step(f"{name} gửi báo cáo {period}/{agency}", run)


def accepts(period: str, agency: str) -> Step:
    """The labour office accepts a report."""

    async def run(service: Service) -> None:
        await review(service.client("coordinator"), "accept", agency, period)

    return Step(f"coordinator duyệt {period}/{agency}", run)


def returns(period: str, agency: str, *, due: str, reason: str, comments: dict[str, str]) -> Step:
    """The labour office returns a report, with comments and a due date."""

    async def run(service: Service) -> None:
        listed = [{"pointer": pointer, "text": text} for pointer, text in comments.items()]
        body = {"reason": reason, "comments": listed, "correction_due": due}
        await review(service.client("coordinator"), "return", agency, period, **body)

    return Step(f"coordinator trả lại {period}/{agency}, gửi lại đến hết {due}: {reason}", run)


def reopens(period: str, agency: str, note: str) -> Step:
    """The labour office reopens an accepted report."""

    async def run(service: Service) -> None:
        await review(service.client("coordinator"), "reopen", agency, period, note=note)

    return Step(f"coordinator mở lại {period}/{agency}: {note}", run)


def extends(period: str, agency: str, *, due: str, reason: str) -> Step:
    """The labour office extends a due date."""

    async def run(service: Service) -> None:
        answer = await service.client("coordinator").put(
            f"/obligations/{period}/{agency}/extension", json={"due_date": due, "reason": reason}
        )
        ok(answer)

    return Step(f"coordinator gia hạn {period}/{agency} đến hết {due}: {reason}", run)


def exempts(period: str, agency: str, reason: str) -> Step:
    """The labour office exempts an agency."""

    async def run(service: Service) -> None:
        answer = await service.client("coordinator").put(
            f"/obligations/{period}/{agency}/exemption", json={"reason": reason}
        )
        ok(answer)

    return Step(f"coordinator miễn {period}/{agency}: {reason}", run)


def reminds(period: str, agency: str, note: str) -> Step:
    """The labour office reminds by hand."""

    async def run(service: Service) -> None:
        answer = await service.client("coordinator").post(
            f"/obligations/{period}/{agency}/remind", json={"note": note}
        )
        ok(answer)

    return Step(f"coordinator nhắc tay {period}/{agency}: {note}", run)


def closes(period: str) -> Step:
    """The labour office closes a period."""

    async def run(service: Service) -> None:
        ok(await service.client("coordinator").post(f"/reporting-periods/{period}/close"))

    return Step(f"coordinator khóa kỳ {period}", run)


def opens(period: str) -> Step:
    """The labour office reopens a closed period."""

    async def run(service: Service) -> None:
        ok(await service.client("coordinator").post(f"/reporting-periods/{period}/open"))

    return Step(f"coordinator mở lại kỳ {period}", run)

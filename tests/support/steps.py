"""What people do over a year: each deed is done over HTTP, and has words that tell of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from tests.conftest import Service
from tests.support.accounts import PASSWORD, PEOPLE
from tests.support.report_calls import draft, review, seen, send


@dataclass(frozen=True)
class Deed:
    """Something that somebody does, and how a diary tells it."""

    words: str
    done: Callable[[Service], Awaitable[object]]


async def signed_in(service: Service, name: str) -> httpx.AsyncClient:
    """A client of that person; tokens last for hours only, so accounts made later sign in anew."""
    if name in PEOPLE:
        return service.client(name)
    form = {"username": name, "password": PASSWORD}
    token = seen(await service.client().post("/auth/token", data=form))
    return service.client(secret=token["access_token"])


def happens(words: str) -> Deed:
    """Something that nobody does."""

    async def done(_: Service) -> None:
        pass

    return Deed(words, done)


def opens_account(name: str, full_name: str, role: str, agency: str) -> Deed:
    """The admin makes an account."""

    async def done(service: Service) -> None:
        account = {"username": name, "full_name": full_name, "role": role, "agency": agency}
        account |= {"email": f"{name}@example.vn", "password": PASSWORD}
        seen(await service.client("district-admin").post("/users", json=account), 201)

    return Deed(f"district-admin mở tài khoản {name} ({full_name}, {role} của {agency})", done)


def closes_account(name: str) -> Deed:
    """The admin closes an account."""

    async def done(service: Service) -> None:
        admin = service.client("district-admin")
        tag = (await admin.get(f"/users/{name}")).headers["ETag"]
        answer = await admin.patch(
            f"/users/{name}", json={"active": False}, headers={"If-Match": tag}
        )
        seen(answer)

    return Deed(f"district-admin khóa tài khoản {name}", done)


def prefers(name: str, *channels: str) -> Deed:
    """Somebody chooses channels."""

    async def done(service: Service) -> None:
        client = await signed_in(service, name)
        wanted = {"channels": list(channels), "period_news": True}
        seen(await client.put("/notifications/preferences", json=wanted))

    return Deed(f"{name} chọn chỉ nhận qua {', '.join(channels)}", done)


def drafts(name: str, period: str, agency: str) -> Deed:
    """A reporter saves a draft, and leaves it at that."""

    async def done(service: Service) -> None:
        await draft(await signed_in(service, name), agency, period=period)

    return Deed(f"{name} lưu bản nháp {period}/{agency}", done)


def sends(name: str, period: str, agency: str) -> Deed:
    """A reporter sends a report."""

    async def done(service: Service) -> None:
        await send(await signed_in(service, name), agency, period=period)

    return Deed(f"{name} gửi báo cáo {period}/{agency}", done)


def accepts(period: str, agency: str) -> Deed:
    """The labour office accepts a report."""

    async def done(service: Service) -> None:
        await review(service.client("coordinator"), "accept", agency, period)

    return Deed(f"coordinator duyệt {period}/{agency}", done)


def returns(period: str, agency: str, *, due: str, reason: str, comments: dict[str, str]) -> Deed:
    """The labour office returns a report, with what to mend and until when."""

    async def done(service: Service) -> None:
        listed = [{"pointer": pointer, "text": text} for pointer, text in comments.items()]
        said = {"reason": reason, "comments": listed, "correction_due": due}
        await review(service.client("coordinator"), "return", agency, period, **said)

    return Deed(f"coordinator trả lại {period}/{agency}, gửi lại đến hết {due}: {reason}", done)


def reopens(period: str, agency: str, note: str) -> Deed:
    """The labour office takes an acceptance back."""

    async def done(service: Service) -> None:
        await review(service.client("coordinator"), "reopen", agency, period, note=note)

    return Deed(f"coordinator mở lại {period}/{agency}: {note}", done)


def extends(period: str, agency: str, *, due: str, reason: str) -> Deed:
    """The labour office gives an agency more time."""

    async def done(service: Service) -> None:
        answer = await service.client("coordinator").put(
            f"/obligations/{period}/{agency}/extension", json={"due_date": due, "reason": reason}
        )
        seen(answer)

    return Deed(f"coordinator gia hạn {period}/{agency} đến hết {due}: {reason}", done)


def exempts(period: str, agency: str, reason: str) -> Deed:
    """The labour office expects no report of an agency."""

    async def done(service: Service) -> None:
        answer = await service.client("coordinator").put(
            f"/obligations/{period}/{agency}/exemption", json={"reason": reason}
        )
        seen(answer)

    return Deed(f"coordinator miễn {period}/{agency}: {reason}", done)


def reminds(period: str, agency: str, note: str) -> Deed:
    """The labour office reminds by hand."""

    async def done(service: Service) -> None:
        answer = await service.client("coordinator").post(
            f"/obligations/{period}/{agency}/remind", json={"note": note}
        )
        seen(answer)

    return Deed(f"coordinator nhắc tay {period}/{agency}: {note}", done)


def closes(period: str) -> Deed:
    """The labour office closes a period."""

    async def done(service: Service) -> None:
        seen(await service.client("coordinator").post(f"/reporting-periods/{period}/close"))

    return Deed(f"coordinator khóa kỳ {period}", done)


def opens(period: str) -> Deed:
    """The labour office opens a closed period again."""

    async def done(service: Service) -> None:
        seen(await service.client("coordinator").post(f"/reporting-periods/{period}/open"))

    return Deed(f"coordinator mở lại kỳ {period}", done)

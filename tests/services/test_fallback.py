"""What fails for good by the channel that a person chose is told in the application."""

import shutil
from pathlib import Path

from app.mail import DeliveryDelayedError, DeliveryRefusedError
from app.services.delivery import deliver
from app.services.fallback import INSTEAD
from app.vocabulary import Channel
from tests.conftest import PLAN_FOLDER, Service
from tests.reminding import (
    Outbox,
    add_webhook,
    carried,
    desk,
    only_rules,
    prefer,
    sent,
    swept,
    told,
)
from tests.reporting import XUAN_HONG, review, seen, send
from tests.seed.loading import correct
from tests.seed.test_failure import RIGHT, SUBJECT, WRONG, load

REFUSED = DeliveryRefusedError("550 no such user")


async def refuse(service: Service, trouble: Exception = REFUSED) -> None:
    """Deliver now; nothing is taken by mail servers and gateways."""
    outbox = Outbox(trouble=trouble)
    await deliver(desk(service, outbox, outbox))


async def reminded(service: Service, *channels: Channel) -> None:
    """Xuân Hồng's reporter, who has chosen channels, is to be reminded now."""
    await only_rules(service, "before-3")
    await prefer(service, "xuan-hong", *channels)
    service.clock.set("2024-06-12 08:00")
    await swept(service)


async def of_xuan_hong(service: Service) -> list[tuple[str, str, str]]:
    rows = await told(service, username="xuan-hong")
    return [(row.channel, row.state, row.why) for row in rows]


async def inbox(service: Service) -> list[str]:
    answer = await service.client("xuan-hong").get("/notifications")
    return [message["subject"] for message in seen(answer)["items"]]


async def test_a_refused_mail_is_told_in_the_application(service: Service) -> None:
    await reminded(service, Channel.EMAIL)
    await refuse(service)
    await sent(service)
    assert await of_xuan_hong(service) == [
        ("email", "failed", str(REFUSED)),
        ("in_app", "sent", INSTEAD),
    ]
    assert await inbox(service) == ["Còn 3 ngày: báo cáo quý II năm 2024"]


async def test_what_the_application_tells_anyway_is_not_told_twice(service: Service) -> None:
    await reminded(service, Channel.EMAIL, Channel.IN_APP)
    await refuse(service)
    await sent(service)
    assert len(await inbox(service)) == 1


async def test_two_channels_that_fail_are_made_good_by_one_message(service: Service) -> None:
    await add_webhook(service, "395")
    await reminded(service, Channel.EMAIL, Channel.WEBHOOK)
    await refuse(service)
    await sent(service)
    assert len(await inbox(service)) == 1


async def test_what_is_only_delayed_is_not_told_elsewhere_before_it_is_given_up(
    service: Service,
) -> None:
    await reminded(service, Channel.EMAIL)
    seen_before_the_end = set()
    while (await carried(service, username="xuan-hong"))[0].state != "failed":
        seen_before_the_end |= {row.channel for row in await told(service, username="xuan-hong")}
        await refuse(service, DeliveryDelayedError("421 busy"))
        service.clock.advance(hours=6)
    assert seen_before_the_end == {"email"}
    await sent(service)
    assert len(await inbox(service)) == 1


async def test_what_gave_way_to_the_lost_mail_comes_back(service: Service) -> None:
    await reminded(service, Channel.EMAIL)
    await refuse(service, DeliveryDelayedError("421 busy"))
    choice = {"channels": ["in_app"], "period_news": True}
    seen(await service.client("xuan-hong").put("/notifications/preferences", json=choice))
    service.clock.advance(minutes=1)
    await swept(service)
    assert [state for _, state, _ in await of_xuan_hong(service)] == ["planned", "superseded"]
    await refuse(service)
    await sent(service)
    assert await of_xuan_hong(service) == [
        ("email", "failed", str(REFUSED)),
        ("in_app", "sent", INSTEAD),
    ]


async def test_what_is_no_longer_true_then_is_not_told(service: Service) -> None:
    await reminded(service, Channel.EMAIL)
    await send(service.client("xuan-hong"), XUAN_HONG)
    await refuse(service)
    await sent(service)
    assert await inbox(service) == []


async def test_an_event_falls_back_too(service: Service) -> None:
    await prefer(service, "xuan-hong", Channel.EMAIL)
    await send(service.client("xuan-hong"), XUAN_HONG)
    await review(service.client("coordinator"), "accept", XUAN_HONG)
    await refuse(service)
    await sent(service)
    assert await inbox(service) == ["Đã duyệt: báo cáo quý II năm 2024"]


async def test_what_concerns_a_plan_falls_back_too(service: Service, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PLAN_FOLDER, tmp_path / "plan"))
    correct(folder / "agencies.csv", RIGHT, WRONG)
    await prefer(service, "coordinator", Channel.EMAIL)
    await load(service, folder)
    await refuse(service)
    await sent(service)
    answer = await service.client("coordinator").get("/notifications")
    assert [message["subject"] for message in seen(answer)["items"]] == [SUBJECT]

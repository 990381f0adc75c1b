"""The wire format of the background work's health."""

from pydantic import Field

from app.schemas.base import Output, examples


class Backlog(Output):
    """Messages by state, and how long the oldest one has been waiting to leave."""

    oldest_unsent_seconds: float | None = Field(
        description="Thông báo chờ lâu nhất đã chờ bao nhiêu giây kể từ khi được phép gửi."
    )
    waiting: int = Field(description="Đang chờ, kể cả chờ hết giờ yên tĩnh hoặc chờ thử lại.")
    sending: int
    failed: int = Field(description="Đã bỏ sau nhiều lần thử, từ trước đến nay.")
    failed_last_24h: int


class JobsHealth(Output):
    """Whether the background work keeps up."""

    model_config = examples(
        {
            "ok": True,
            "messages": {
                "oldest_unsent_seconds": None,
                "waiting": 0,
                "sending": 0,
                "failed": 1,
                "failed_last_24h": 0,
            },
            "last_sweep_seconds": 21.4,
            "queue": {"doing": 1, "todo": 1},
        }
    )

    ok: bool = Field(description="false: có thông báo hoặc lần quét trễ hơn mười phút.")
    messages: Backlog
    last_sweep_seconds: float | None = Field(
        description="Lần quét gần nhất cách đây bao nhiêu giây; null là chưa quét lần nào."
    )
    queue: dict[str, int] = Field(description="Số công việc trong hàng đợi theo trạng thái.")

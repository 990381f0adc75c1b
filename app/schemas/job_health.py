"""Schemas of the background work's health."""

from pydantic import Field

from app.schemas.base import Instant, Output, examples


class Backlog(Output):
    """Numbers of messages by state, and the waiting time of the oldest unsent one."""

    oldest_unsent_seconds: float | None = Field(
        description="Thông báo chờ lâu nhất đã chờ bao nhiêu giây kể từ khi được phép gửi."
    )
    waiting: int = Field(description="Đang chờ, kể cả chờ hết giờ yên tĩnh hoặc chờ thử lại.")
    sending: int
    failed: int = Field(description="Đã bỏ sau nhiều lần thử, từ trước đến nay.")
    failed_last_24h: int


class JobsHealth(Output):
    """The state of message delivery, reminder sweeps and the job queue."""

    model_config = examples(
        {
            "ok": True,
            "held_since": None,
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

    ok: bool = Field(
        description="false: có thông báo hoặc lần quét trễ hơn mười phút, hoặc đang giữ thư lại."
    )
    held_since: Instant | None = Field(
        description="Thư và webhook bị giữ lại từ lúc nào (sau khi khôi phục); null: không giữ."
    )
    messages: Backlog
    last_sweep_seconds: float | None = Field(
        description="Lần quét gần nhất cách đây bao nhiêu giây; null là chưa quét lần nào."
    )
    queue: dict[str, int] = Field(description="Số công việc trong hàng đợi theo trạng thái.")

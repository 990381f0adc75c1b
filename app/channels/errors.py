"""Why a channel did not deliver a message."""

from app.vocabulary import NotificationReason


class DeliveryError(Exception):
    """A message was not delivered.

    reason: the code that is stored. detail: what it is about, such as a status or an address; for
    `DELIVERY_ERROR` the words of the server or the exception.
    """

    def __init__(
        self,
        detail: str | None = None,
        *,
        reason: NotificationReason = NotificationReason.DELIVERY_ERROR,
    ) -> None:
        super().__init__(reason.value if detail is None else f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class DeliveryRefusedError(DeliveryError):
    """Another attempt would be refused too."""


class DeliveryDelayedError(DeliveryError):
    """Another attempt may succeed."""

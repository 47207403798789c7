from datetime import timedelta


class DeliveryError(Exception):
    """A way out did not take a notification.

    `permanent` says that another try is useless, `delay` when the other side wants it
    at the earliest.
    """

    def __init__(
        self, text: str, *, permanent: bool = False, delay: timedelta | None = None
    ) -> None:
        super().__init__(text)
        self.permanent = permanent
        self.delay = delay


class DeliveryDelayed(DeliveryError):
    """Not now; try again after `delay`."""

    def __init__(self, delay: timedelta, text: str = "") -> None:
        super().__init__(text or f"again after {delay}", delay=delay)


class NotificationError(Exception):
    """Refused, with a sentence for whoever asked."""


class SubscriptionGone(DeliveryError):
    """The push service knows this browser no longer."""

    def __init__(self) -> None:
        super().__init__("the browser has unsubscribed", permanent=True)


class SubscriptionRefused(Exception):
    """What a browser wants to subscribe with is no subscription."""

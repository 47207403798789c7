from datetime import timedelta


class DeliveryDelayed(Exception):
    """The mail server did not take it now; try again after `delay`."""

    def __init__(self, delay: timedelta) -> None:
        super().__init__(f"again after {delay}")
        self.delay = delay

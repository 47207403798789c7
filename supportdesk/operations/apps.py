from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "supportdesk.operations"
    label = "operations"

    def ready(self) -> None:
        from . import checks  # noqa: F401, PLC0415 (app ready)

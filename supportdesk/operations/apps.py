from importlib import import_module

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "supportdesk.operations"
    label = "operations"

    def ready(self) -> None:
        import_module("supportdesk.operations.checks")
        # Before any task is called: else a web process would enqueue on Celery's
        # default broker instead of ours.
        import_module("supportdesk.celery")

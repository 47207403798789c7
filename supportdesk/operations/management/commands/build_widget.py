from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from supportdesk.operations.widget_build import BuildError, build


class Command(BaseCommand):
    help = "Makes the widget's served files anew from static/widget/src."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            import minify  # noqa: PLC0415 - optional dependency
        except ImportError:
            raise CommandError(
                "Needs the development requirements (tdewolff-minify)."
            ) from None
        try:
            written = build(settings.BASE_DIR / "static" / "widget", minify.string)
        except BuildError as error:
            raise CommandError(str(error)) from None
        for path in written:
            self.stdout.write(f"{path.name}: {path.stat().st_size} bytes")

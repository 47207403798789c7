from typing import Any

from django.core.management.base import BaseCommand, CommandError

from supportdesk.operations.resealing import places, reseal


class Command(BaseCommand):
    help = (
        "Seals the secrets in the database with today's SECRET_KEY, so that former "
        "keys can leave SECRET_KEY_FALLBACKS. May be stopped and begun again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        unknown = 0
        for place in places():
            outcome = reseal(place)
            unknown += outcome.unknown
            self.stdout.write(
                f"{place}: {outcome.resealed} sealed anew, {outcome.current} were so, "
                f"{outcome.unknown} cannot be opened"
            )
        if unknown:
            raise CommandError(
                "Some were sealed under a key that is neither SECRET_KEY nor in "
                "SECRET_KEY_FALLBACKS. Add that key and run this again."
            )

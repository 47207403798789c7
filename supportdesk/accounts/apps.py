from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "supportdesk.accounts"
    label = "accounts"
    verbose_name = _("Account and agents")

    def ready(self) -> None:
        from supportdesk.accounts import (  # noqa: PLC0415 - app ready
            audit_words,  # noqa: F401
            receivers,  # noqa: F401
        )

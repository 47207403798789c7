from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChannelsIntegrationConfig(AppConfig):
    name = "channels_integration"
    verbose_name = _("Channels")

    def ready(self) -> None:
        import_module("channels_integration.website.audit_words")
        import_module("channels_integration.website.receivers")

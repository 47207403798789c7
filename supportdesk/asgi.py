import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
django_application = get_asgi_application()

# Routing imports models, which need the application registry that is ready now.
from channels_integration.website import routing as website  # noqa: E402
from conversations import routing as desk  # noqa: E402
from supportdesk.operations.bodies import Bounded  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": Bounded(django_application),
        "websocket": URLRouter(
            [
                # The widget stands on other people's sites: its consumer checks the
                # Origin against the website's domains itself.
                *website.websocket_urlpatterns,
                *desk.websocket_urlpatterns,
            ]
        ),
    }
)

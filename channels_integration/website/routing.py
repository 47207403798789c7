from django.urls import path

from channels_integration.website.consumers import VisitorConsumer

websocket_urlpatterns = [path("ws/widget/", VisitorConsumer.as_asgi())]

from django.urls import URLPattern, URLResolver, include, path

from channels_integration.website import onboarding_views as onboarding

start = (
    [
        path("", onboarding.start, name="start"),
        path("website/", onboarding.website_add, name="website"),
        path("seen/", onboarding.website_seen, name="seen"),
        path("arrived/", onboarding.message_arrived, name="arrived"),
        path("invite/", onboarding.colleague_invite, name="invite"),
        path("preview/", onboarding.preview, name="preview"),
        path("finish/", onboarding.finish, name="finish"),
    ],
    "start",
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(("channels_integration.website.urls", "website"))),
    path("start/", include(start)),
]

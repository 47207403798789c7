from django.urls import URLPattern, URLResolver, path

from supportdesk.demo import views

app_name = "demo"
urlpatterns: list[URLPattern | URLResolver] = [
    path("demo/", views.shop, name="shop"),
    path("demo/<slug:slug>/", views.shop, name="product"),
]

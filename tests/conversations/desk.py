"""How tests of the desk's views ask: signed in, as a page or as htmx."""

from django.test import Client
from django.urls import reverse

HTMX = {"HX-Request": "true"}


def signed_in(agent):
    client = Client()
    client.force_login(agent)
    return client


def address(name, conversation):
    return reverse(f"conversations:{name}", args=[conversation.public_id])


def htmx(target):
    return {"HX-Request": "true", "HX-Target": target}

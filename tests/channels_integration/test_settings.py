import pytest

from channels_integration.website.config import WebsiteConfig
from conversations.models import Channel
from supportdesk.accounts.models import Role, User
from tests.factories import make_account, make_agent, make_channel, owner_of

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Shop",
    "is_active": "on",
    "allowed_domains": "shop.example.com\n*.example.org",
    "color": "#A8481F",
    "theme": "auto",
    "side": "left",
    "language": "de",
    "prechat": "on",
    "ask_name": "required",
    "ask_email": "optional",
    "ask_phone": "no",
    "rating": "on",
    "track": "on",
    "privacy_url": "https://shop.example.com/privacy",
    "text_de_greet": "  Fragen? ",
    "text_en_offline": "Nobody <b>here</b>",
}
NEW = "/settings/channels/website/new/"


@pytest.fixture
def owner(client):
    owner = owner_of(make_account())
    client.force_login(owner)
    return owner


def page_of(channel):
    return f"/settings/channels/website/{channel.pk}/"


def test_owner_adds_a_website_and_gets_its_line_of_code(client, owner, settings):
    settings.SITE_URL = "https://desk.example.com"

    response = client.post(NEW, FORM)

    channel = Channel.objects.get()
    config = WebsiteConfig.parse(channel.config)
    page = client.get(response.url).content.decode()
    assert (channel.account, channel.kind) == (owner.account, "website")
    assert response.url == page_of(channel)
    assert config == WebsiteConfig(
        allowed_domains=("shop.example.com", "*.example.org"),
        color="#a8481f",
        theme="auto",
        side="left",
        language="de",
        prechat=True,
        ask_name="required",
        ask_email="optional",
        ask_phone="no",
        ask_group=False,
        rating=True,
        track=True,
        privacy_url="https://shop.example.com/privacy",
        texts={"de": {"greet": "Fragen?"}, "en": {"offline": "Nobody <b>here</b>"}},
    )
    assert (
        '&lt;script async src="https://desk.example.com/widget.js" '
        f'data-key="{channel.public_key}"&gt;&lt;/script&gt;'
    ) in page
    assert "Nobody &lt;b&gt;here" in page


def test_edit_shows_and_keeps_what_is_stored(client, owner):
    channel = make_channel(owner.account, secret_of_later="kept", color="#112233")
    shown = client.get(page_of(channel)).context["form"].initial

    response = client.post(page_of(channel), {**FORM, "name": "Shop 2", "rating": ""})

    key = channel.public_key
    channel.refresh_from_db()
    assert (shown["color"], shown["allowed_domains"]) == (
        "#112233",
        ("shop.example.com",),
    )
    assert response.url == page_of(channel)
    assert (channel.name, channel.is_active, channel.public_key) == (
        "Shop 2",
        True,
        key,
    )
    assert channel.config["rating"] is False
    assert channel.config["secret_of_later"] == "kept"


def test_website_can_be_switched_off(client, owner):
    channel = make_channel(owner.account)

    client.post(page_of(channel), {**FORM, "is_active": ""})

    channel.refresh_from_db()
    assert channel.is_active is False
    assert b"Switched off" in client.get("/settings/channels/").content


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("https://Shop.Example.com/basket?x=1", ["shop.example.com"]),
        ("shop.example.com:8443", ["shop.example.com:8443"]),
        ("müller.example", ["xn--mller-kva.example"]),
        ("a.example, b.example a.example", ["a.example", "b.example"]),
        ("localhost", ["localhost"]),
        ("", []),
    ],
)
def test_domains_are_stored_as_hosts(client, owner, typed, stored):
    client.post(NEW, {**FORM, "allowed_domains": typed})

    assert Channel.objects.get().config["allowed_domains"] == stored


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 81),
        ("name", "\u202e\x00"),
        ("allowed_domains", "*"),
        ("allowed_domains", "*.com"),
        ("allowed_domains", "shop..example.com"),
        ("allowed_domains", "shop.example.com:port"),
        ("allowed_domains", "ok.example\njavascript:alert(1)"),
        ("allowed_domains", "user@shop.example.com"),
        ("allowed_domains", "\n".join(f"d{n}.example" for n in range(51))),
        ("color", "red"),
        ("color", "#12345g"),
        ("theme", "loud"),
        ("side", "top"),
        ("language", "fr"),
        ("ask_name", "maybe"),
        ("privacy_url", "javascript:alert(1)"),
        ("privacy_url", "ftp://shop.example.com/"),
        ("text_de_title", "x" * 301),
    ],
)
def test_invalid_input_is_named_beside_its_field(client, owner, field, value):
    channel = make_channel(owner.account)
    before = Channel.objects.values().get()

    edit = client.post(page_of(channel), {**FORM, field: value})
    create = client.post(NEW, {**FORM, field: value})

    assert [edit.status_code, create.status_code] == [422, 422]
    assert list(edit.context["form"].errors) == [field]
    assert f'id="id_{field}_error"' in edit.content.decode()
    assert Channel.objects.values().get() == before


def test_error_names_the_wrong_domain(client, owner):
    response = client.post(NEW, {**FORM, "allowed_domains": "ok.example\n<b>bad</b>"})

    assert "“&lt;b&gt;bad&lt;/b&gt;” is not a domain." in response.content.decode()
    assert "ok.example" in response.content.decode()


def test_list_shows_own_websites_only(client, owner):
    make_channel(owner.account)
    foreign = make_channel(make_account("Another"))
    foreign.name = "Foreign shop"
    foreign.save()

    page = client.get("/settings/channels/")

    assert page.status_code == 200
    assert [channel.name for channel in page.context["websites"]] == ["Shop"]
    assert b"Foreign shop" not in page.content


def test_list_costs_the_same_with_many_websites(
    client, owner, django_assert_max_num_queries
):
    make_channel(owner.account)
    with django_assert_max_num_queries(30) as one:
        client.get("/settings/channels/")
    for _ in range(3):
        make_channel(owner.account)
    with django_assert_max_num_queries(len(one)):
        client.get("/settings/channels/")


def test_other_accounts_and_other_kinds_are_404(client, owner):
    foreign = make_channel(make_account("Another"))
    mailbox = make_channel(owner.account)
    mailbox.kind = Channel.Kind.EMAIL
    mailbox.save()
    before = list(Channel.objects.order_by("pk").values())

    statuses = [
        answer.status_code
        for channel in (foreign, mailbox)
        for answer in (
            client.get(page_of(channel)),
            client.post(page_of(channel), FORM),
        )
    ]

    assert statuses == [404] * 4
    assert list(Channel.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    ("role", "status"), [(Role.AGENT, 404), (Role.FULL, 200), (Role.OWNER, 200)]
)
def test_settings_are_for_full_access(client, role, status):
    account = make_account()
    channel = make_channel(account)
    client.force_login(make_agent(account, role=role))

    paths = ["/settings/channels/", NEW, page_of(channel)]
    assert [client.get(path).status_code for path in paths] == [status] * 3
    home = client.get("/settings/")
    assert home.status_code == (302 if status == 200 else 404)
    client.post(page_of(channel), {**FORM, "name": "Changed"})
    channel.refresh_from_db()
    assert (channel.name == "Changed") is (status == 200)


def test_settings_are_not_for_the_operator_or_strangers(client):
    assert client.get("/settings/").url == "/accounts/login/?next=/settings/"
    client.force_login(User.objects.create_superuser("op@example.com", name="Op"))
    assert client.get("/settings/channels/").status_code == 404


@pytest.mark.parametrize("path", ["/settings/", "/settings/channels/"])
def test_reading_pages_take_no_posts(client, owner, path):
    assert client.post(path).status_code == 405
    assert client.delete(NEW).status_code == 405

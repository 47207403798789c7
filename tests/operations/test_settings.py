import json
import os
import subprocess
import sys

import pytest

from tests.product import BASE_DIR

SAFE = {
    "SECRET_KEY": "Zq8vX1nB4tLw7sRy2kPd5mHc9jFg3aEu6iTo0xWzQvNbLr9Kd2",
    "DATABASE_URL": "postgres://desk:word@db.example.com:5432/desk",
    "REDIS_URL": "redis://:word@redis.example.com:6379/0",
    "ALLOWED_HOSTS": "desk.example.com",
    "SITE_URL": "https://desk.example.com",
    "EMAIL_URL": "submission://user:word@mail.example.com:587",
}
SHOW = "import json; from django.conf import settings; print(json.dumps(settings.%s))"
# Nothing of the run's own engines may leak into a production that has to say no.
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if name in {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}
}


def check(tmp_path, environment, *options):
    return subprocess.run(
        [sys.executable, "manage.py", "check", *options],
        cwd=BASE_DIR,
        env=CLEAN
        | {
            "STATIC_ROOT": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "supportdesk.settings",
        }
        | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_production_settings_pass_every_deployment_check(tmp_path):
    done = check(tmp_path, SAFE, "--deploy", "--fail-level", "WARNING")

    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_required_is_enough(tmp_path):
    required = {name: text for name, text in SAFE.items() if name != "EMAIL_URL"}

    done = check(tmp_path, required, "--deploy", "--fail-level", "WARNING")

    assert (done.returncode, done.stderr) == (0, "")


def test_cookies_go_over_https_only(tmp_path):
    names = [
        f"{kind}_COOKIE_{what}"
        for kind in ("SESSION", "CSRF", "LANGUAGE")
        for what in ("SECURE", "SAMESITE", "DOMAIN")
    ]
    script = (
        "import django; django.setup(); from django.conf import settings;"
        f"print([getattr(settings, name) for name in {names}])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=BASE_DIR,
        env=CLEAN
        | SAFE
        | {
            "DJANGO_SETTINGS_MODULE": "supportdesk.settings",
            "STATIC_ROOT": str(tmp_path),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stdout.strip() == str([True, "Lax", None] * 3), done.stderr


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "SITE_URL"]
)
@pytest.mark.parametrize("value", [None, "", "  \n"])
def test_production_refuses_to_start_without(tmp_path, name, value):
    environment = {key: text for key, text in SAFE.items() if key != name}
    if value is not None:
        environment[name] = value

    done = check(tmp_path, environment)

    assert done.returncode == 1
    assert f"ImproperlyConfigured: Set {name}: " in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "development-only-key-that-production-refuses"),
        ("DATABASE_URL", "sqlite:///desk.sqlite3"),
        ("DATABASE_URL", "mysql://desk@db.example.com/desk"),
        ("REDIS_URL", "memory://"),
        ("EMAIL_URL", "smtp+tls://user:word@mail.example.com:587"),
        ("ALLOWED_HOSTS", "*"),
        ("DEBUG", "1"),
        ("SITE_URL", "http://desk.example.com"),
        ("SITE_URL", "desk.example.com"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy.example.com"),
        ("REPLY_ADDRESS", "desk.example.com"),
        ("REPLY_ADDRESS", "@desk.example.com"),
        ("REPLY_ADDRESS", "Desk <reply@desk.example.com>"),
        ("REPLY_ADDRESS", "réply@desk.example.com"),
        ("REPLY_ADDRESS", "reply..@desk.example.com"),
        ("REPLY_ADDRESS", "twenty-characters-xx@desk.example.com"),
        ("REPLY_ADDRESS", "{token}{token}@desk.example.com"),
        ("REPLY_ADDRESS", "reply-{tokens}@desk.example.com"),
        ("REPLY_ADDRESS", "reply@{token}.example.com"),
    ],
)
def test_production_refuses_unsafe(tmp_path, name, value):
    done = check(tmp_path, SAFE | {name: value})

    assert done.returncode == 1
    assert f"ImproperlyConfigured: Set {name}: " in done.stderr


@pytest.mark.parametrize(
    "value",
    [
        "reply@desk.example.com",
        "Reply-{Token}@desk.example.com",
        "{token}@reply.example.com",
        "",
    ],
)
def test_reply_address_is_taken(tmp_path, value):
    done = check(tmp_path, SAFE | {"REPLY_ADDRESS": value})

    assert (done.returncode, done.stderr) == (0, "")


def value_of(tmp_path, expression, environment):
    """What a setting is in a production of its own."""
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", SHOW % expression],
        cwd=BASE_DIR,
        env=CLEAN
        | SAFE
        | environment
        | {
            "STATIC_ROOT": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "supportdesk.settings",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


OURS = "-c jit=off -c max_parallel_workers_per_gather=0"


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", OURS),
        ("?options=-c%20search_path%3Ddesk", f"{OURS} -c search_path=desk"),
        ("?sslmode=require", OURS),
    ],
)
def test_options_of_the_database_s_address_are_kept(tmp_path, query, options):
    address = SAFE["DATABASE_URL"] + query

    found = value_of(
        tmp_path, 'DATABASES["default"]["OPTIONS"]', {"DATABASE_URL": address}
    )

    assert found["options"] == options
    assert found.get("sslmode") == ("require" if "sslmode" in query else None)
    assert found["pool"]["max_size"] == 16


@pytest.mark.parametrize(
    ("named", "more"),
    [
        ("", []),
        (
            " https://a.example.com , https://b.example.com\n",
            ["https://a.example.com", "https://b.example.com"],
        ),
    ],
)
def test_own_address_is_always_a_trusted_origin(tmp_path, named, more):
    found = value_of(tmp_path, "CSRF_TRUSTED_ORIGINS", {"CSRF_TRUSTED_ORIGINS": named})

    assert found == ["https://desk.example.com", *more]


def test_unknown_environment_is_refused(tmp_path):
    done = check(tmp_path, SAFE | {"ENVIRONMENT": "staging"})

    assert done.returncode == 1
    assert "ENVIRONMENT must be 'production'" in done.stderr


def test_secret_from_a_file_loses_its_newline(tmp_path):
    secret = tmp_path / "key"
    secret.write_text(SAFE["SECRET_KEY"] + "\n")
    environment = {key: text for key, text in SAFE.items() if key != "SECRET_KEY"}
    environment |= {"SECRET_KEY_FILE": str(secret), "STATIC_ROOT": str(tmp_path)}
    script = "from supportdesk import settings; print(repr(settings.SECRET_KEY))"

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=BASE_DIR,
        env=CLEAN | environment,
        capture_output=True,
        text=True,
    )

    assert done.stderr == ""
    assert done.stdout.strip() == repr(SAFE["SECRET_KEY"])


def test_development_fails_the_deployment_check(tmp_path):
    environment = SAFE | {"ENVIRONMENT": "development", "EMAIL_URL": "console:"}

    done = check(tmp_path, environment, "--deploy", "--fail-level", "WARNING")

    assert done.returncode == 1
    assert "operations.E001" in done.stderr
    assert "operations.W001" in done.stderr


def test_desk_on_another_port_knows_its_address(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-c"),
            "from supportdesk import settings; print(settings.SITE_URL)",
        ],
        cwd=BASE_DIR,
        env=CLEAN | {"ENVIRONMENT": "development", "PORT": "8080"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stdout == "http://localhost:8080\n"

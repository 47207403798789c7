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
        ("SITE_URL", "http://desk.example.com"),
        ("SITE_URL", "desk.example.com"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy.example.com"),
    ],
)
def test_production_refuses_unsafe(tmp_path, name, value):
    done = check(tmp_path, SAFE | {name: value})

    assert done.returncode == 1
    assert f"ImproperlyConfigured: Set {name}: " in done.stderr


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

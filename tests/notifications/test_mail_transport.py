import socket
import threading
import time

import pytest
from aiosmtpd.controller import Controller
from django.core.mail import EmailMultiAlternatives

from notifications.exceptions import DeliveryError
from notifications.transports import mail as transport


def letter(subject="Hello", to="k.vogt@example.net"):
    return EmailMultiAlternatives(subject, "Text", "desk@example.com", [to])


def subjects(smtp):
    return [received["Subject"] for received in smtp.received]


def test_connection_is_kept_for_the_next_mail(smtp):
    for subject in ("one", "two", "three"):
        transport.send(letter(subject))

    assert subjects(smtp) == ["one", "two", "three"]
    assert smtp.connections == 1
    # It was asked for a sign of life, but not before it had been used at all.
    assert smtp.noops == 2


def test_connection_that_died_is_replaced(smtp):
    transport.send(letter("one"))
    [kept] = transport._idle
    kept.backend.connection.sock.shutdown(socket.SHUT_RDWR)

    transport.send(letter("two"))

    assert subjects(smtp) == ["one", "two"]
    assert smtp.connections == 2


def test_server_that_says_goodbye_is_called_anew(smtp):
    transport.send(letter("one"))
    smtp.noop_answer = "421 too long idle"

    transport.send(letter("two"))

    assert subjects(smtp) == ["one", "two"]
    assert smtp.connections == 2


def test_server_restarted_meanwhile_is_called_anew(smtp, settings):
    transport.send(letter("one"))
    smtp.controller.stop()
    smtp.controller = Controller(
        smtp, hostname=settings.EMAIL_HOST, port=settings.EMAIL_PORT
    )
    smtp.controller.start()

    transport.send(letter("two"))

    assert subjects(smtp) == ["one", "two"]


def test_server_that_hangs_is_left_alone_for_a_while(smtp, settings, monkeypatch):
    """Or all that wait behind the mails would wait for each of them."""
    monkeypatch.setattr(transport, "SLOW", 0.1)
    settings.EMAIL_TIMEOUT = 0.2
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_PORT = silent.getsockname()[1]
        failures = []
        for _ in range(2):
            begun = time.monotonic()
            with pytest.raises(DeliveryError) as failed:
                transport.send(letter())
            failures.append((failed.value.permanent, time.monotonic() - begun > 0.1))
    later = time.monotonic() + transport.RESPITE
    monkeypatch.setattr(transport.time, "monotonic", lambda: later)

    with pytest.raises(DeliveryError) as refused:
        transport.send(letter())

    assert failures == [(False, True), (False, False)]
    assert "ConnectionRefusedError" in str(refused.value)


def test_other_server_gets_a_connection_of_its_own(smtp, settings):
    transport.send(letter("one"))
    settings.EMAIL_HOST = "localhost"

    transport.send(letter("two"))

    assert smtp.connections == 2


def test_unused_connection_is_closed(smtp, monkeypatch):
    transport.send(letter())
    transport.close_idle()
    assert len(transport._idle) == 1
    later = time.monotonic() + transport.IDLE
    monkeypatch.setattr(transport.time, "monotonic", lambda: later)

    transport.close_idle()

    assert transport._idle == []
    wait_for(lambda: smtp.goodbyes == 1)


def test_connection_is_closed_later_by_itself(smtp, monkeypatch):
    asked = []
    monkeypatch.setattr(transport, "once", lambda key, *job: asked.append(job))

    transport.send(letter())

    assert asked == [(10.0, transport.close_idle)]


def test_refused_login_leaves_no_connection_open(smtp, settings):
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = "wrong"

    with pytest.raises(DeliveryError) as refused:
        transport.send(letter())

    # Ours to repair: the mail itself is not to blame.
    assert not refused.value.permanent
    assert smtp.goodbyes == 1


def test_connection_is_closed_after_many_mails(smtp, monkeypatch):
    monkeypatch.setattr(transport, "MAX_MAILS", 2)

    for number in range(4):
        transport.send(letter(str(number)))

    assert subjects(smtp) == ["0", "1", "2", "3"]
    assert smtp.connections == 2
    assert transport._idle == []


@pytest.mark.parametrize("answer", ["451 later", "554 spam"])
def test_refused_mail_leaves_no_connection_behind(smtp, answer):
    smtp.answers = [answer]

    with pytest.raises(DeliveryError) as refused:
        transport.send(letter())

    assert refused.value.permanent is answer.startswith("5")
    assert transport._idle == []
    transport.send(letter("next"))
    assert subjects(smtp) == ["next"]


def test_mail_is_never_offered_twice_once_it_was_begun(smtp):
    transport.send(letter("one"))
    smtp.drops_data = True

    with pytest.raises(DeliveryError) as lost:
        transport.send(letter("two"))

    # Whether it was taken is not known: the row's next attempt may risk it.
    assert not lost.value.permanent
    assert smtp.begun == ["one", "two"]


@pytest.mark.parametrize("number", range(3))
def test_threads_never_share_a_connection(smtp, number):
    together = threading.Barrier(4)

    def work(name):
        together.wait(timeout=10)
        for count in range(5):
            transport.send(letter(f"{name} {count}"))

    workers = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)

    expected = [f"{name} {count}" for name in "abcd" for count in range(5)]
    assert sorted(subjects(smtp)) == expected
    assert 1 <= smtp.connections <= 4


def test_silent_server_is_given_up(settings, smtp):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_PORT = silent.getsockname()[1]
        settings.EMAIL_TIMEOUT = 0.1

        with pytest.raises(DeliveryError) as lost:
            transport.send(letter())

    assert not lost.value.permanent
    assert "timed out" in str(lost.value)


@pytest.mark.parametrize("to", ["käthe@example.net\n", "a@b\r\nBcc: c@example.org"])
def test_impossible_address_is_refused_for_good(smtp, to):
    with pytest.raises(DeliveryError) as refused:
        transport.send(letter(to=to))

    assert refused.value.permanent
    assert smtp.received == []


def test_mail_to_nobody_is_refused_for_good(smtp):
    with pytest.raises(DeliveryError) as refused:
        transport.send(letter(to=""))

    assert refused.value.permanent


@pytest.mark.parametrize("name", ["console", "filebased", "locmem", "dummy"])
def test_every_backend_takes_mails(settings, tmp_path, capsys, mailoutbox, name):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{name}.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)

    transport.send(letter("Taken"))

    kept = capsys.readouterr().out + "".join(
        path.read_text() for path in tmp_path.iterdir()
    )
    kept += "".join(f"Subject: {message.subject}" for message in mailoutbox)
    assert ("Subject: Taken" in kept) is (name != "dummy")
    assert transport._idle == []


def wait_for(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)

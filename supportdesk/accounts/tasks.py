import smtplib

from celery import shared_task
from django.utils import timezone

from supportdesk.accounts import mails, presence, services
from supportdesk.accounts.models import Account, Invitation, Role, SignUp, User

MAIL_ERRORS = (smtplib.SMTPException, OSError)
_MAIL = {
    "ignore_result": True,
    "time_limit": 60,
    "autoretry_for": MAIL_ERRORS,
    "retry_backoff": 10,
    "retry_backoff_max": 600,
    "max_retries": 8,
}


@shared_task(name="accounts.announce_presence", ignore_result=True, time_limit=30)
def announce_presence() -> None:
    # All who are there would be said to have gone, and then to have come.
    if not presence.is_settled():
        return
    now = timezone.now()
    for account_id in Account.objects.in_service().values_list("pk", flat=True):
        services.announce_presence(account_id)
        services.note_seen(account_id=account_id, now=now)


@shared_task(name="accounts.delete_old", ignore_result=True, time_limit=600)
def delete_old(account_id: int | None = None) -> None:
    """Of all accounts, each in a task of its own; one that is not done goes on."""
    if account_id is None:
        for pk in Account.objects.order_by("pk").values_list("pk", flat=True):
            delete_old.delay(pk)
        return
    account = Account.objects.filter(pk=account_id).first()
    if account is not None and not services.delete_old(
        account=account, now=timezone.now()
    ):
        delete_old.delay(account_id)


@shared_task(name="accounts.send_password_reset", **_MAIL)
def send_password_reset(email: str) -> None:
    """Whether there is such an agent is found out here, where nobody can measure it."""
    agent = User.objects.in_service().filter(email=email).first()
    if agent is not None:
        mails.send_password_reset(agent)


@shared_task(name="accounts.note_failed_sign_in", ignore_result=True, time_limit=30)
def note_failed_sign_in(email: str, ip: str, user_agent: str) -> None:
    services.note_failed_sign_in(email=email, ip=ip, user_agent=user_agent)


@shared_task(name="accounts.send_security_notice", **_MAIL)
def send_security_notice(
    agent_id: int, what: str, by_id: int | None = None, address: str = "", new: str = ""
) -> None:
    """To the agent's own address, or a former one; `new` is one that was asked for."""
    agent = User.objects.in_service().filter(pk=agent_id).first()
    if agent is None:
        return
    by = User.objects.filter(pk=by_id).first()
    mails.send_security_notice(agent, what, by=by, address=address, new=new)


@shared_task(name="accounts.send_address_change", **_MAIL)
def send_address_change(agent_id: int, email: str, by_id: int) -> None:
    """The link, or to whom has the address already, that they do: found out here,
    where nobody can measure it."""
    people = User.objects.select_related("account").in_bulk([agent_id, by_id])
    agent = people.get(agent_id)
    if agent is None or not User.objects.in_service().filter(pk=agent_id).exists():
        return
    known = User.objects.filter(email=email).first()
    if known is None:
        mails.send_address_change(agent, email, by=people.get(by_id))
    elif known != agent:
        mails.send_address_taken(known)


@shared_task(name="accounts.send_sign_up", **_MAIL)
def send_sign_up(sign_up_id: int) -> None:
    """The link, or to whom has the address already, that they do: found out here,
    where nobody can measure it."""
    sign_up = SignUp.objects.filter(pk=sign_up_id).first()
    if sign_up is None:
        return
    agent = User.objects.filter(email=sign_up.email).first()
    if agent is None:
        mails.send_sign_up(sign_up)
    elif agent.is_active:
        mails.send_already_known(agent)


@shared_task(name="accounts.delete_ended", ignore_result=True, time_limit=300)
def delete_ended() -> None:
    services.delete_ended_sessions()
    services.delete_old_sign_ups()


@shared_task(name="accounts.send_welcome", **_MAIL)
def send_welcome(agent_id: int) -> None:
    agent = User.objects.in_service().filter(pk=agent_id).first()
    if agent is not None:
        mails.send_welcome(agent)


@shared_task(name="accounts.send_password_link", **_MAIL)
def send_password_link(agent_id: int, by_id: int) -> None:
    """Whoever has never been here is welcomed instead."""
    agent = User.objects.in_service().filter(pk=agent_id).first()
    if agent is None:
        return
    by = User.objects.filter(pk=by_id).first()
    if agent.last_login is None or by is None:
        mails.send_welcome(agent)
    else:
        mails.send_password_link(agent, by=by)


@shared_task(name="accounts.send_invitation", **_MAIL)
def send_invitation(invitation_id: int) -> None:
    """The link is made here, so no queue ever holds it.

    Who has an account elsewhere learns that they do, in place of a link: found out
    here, where nobody can measure it.
    """
    now = timezone.now()
    rows = Invitation.objects.pending(now).filter(account__suspended_at__isnull=True)
    invitation = (
        rows.select_related("account", "invited_by").filter(pk=invitation_id).first()
    )
    if invitation is None:
        return
    try:
        if User.objects.filter(email=invitation.email).exists():
            mails.send_invitation_taken(invitation)
        else:
            mails.send_invitation(invitation)
    except MAIL_ERRORS:
        # The next try may succeed; until then nobody waits for an answer in vain.
        services.note_unsent(invitation=invitation, now=now)
        raise
    services.note_sent(invitation=invitation, now=now)


@shared_task(name="accounts.tell_ownership", **_MAIL)
def tell_ownership(agent_id: int, owner_id: int, former_id: int) -> None:
    people = User.objects.select_related("account").in_bulk([owner_id, former_id])
    if len(people) == 2:
        mails.send_ownership(
            people[agent_id], owner=people[owner_id], former=people[former_id]
        )


@shared_task(name="accounts.tell_of_new_owner", **_MAIL)
def tell_of_new_owner(
    owner_id: int, by_id: int | None, to_id: int | None = None
) -> None:
    """Each owner in a task of their own: one that is tried again repeats no other."""
    owner = User.objects.filter(pk=owner_id).first()
    if owner is None:
        return
    if to_id is None:
        for pk in _owners_of(owner.account_id):
            tell_of_new_owner.delay(owner_id, by_id, pk)
        return
    to = User.objects.in_service().filter(pk=to_id).first()
    if to is not None:
        by = User.objects.filter(pk=by_id).first()
        mails.send_owner_added(to, owner=owner, by=by)


@shared_task(name="accounts.tell_of_invited_owner", **_MAIL)
def tell_of_invited_owner(
    invitation_id: int, by_id: int, to_id: int | None = None
) -> None:
    """Each owner in a task of their own, as above."""
    invitation = Invitation.objects.filter(pk=invitation_id).first()
    if invitation is None:
        return
    if to_id is None:
        for pk in _owners_of(invitation.account_id):
            tell_of_invited_owner.delay(invitation_id, by_id, pk)
        return
    to = User.objects.in_service().filter(pk=to_id).first()
    if to is not None:
        by = User.objects.filter(pk=by_id).first()
        mails.send_owner_invited(to, email=invitation.email, by=by)


def _owners_of(account_id: int | None) -> list[int]:
    owners = User.objects.in_service().filter(account_id=account_id, role=Role.OWNER)
    return list(owners.order_by("pk").values_list("pk", flat=True))

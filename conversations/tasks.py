import logging

from celery import shared_task
from django.utils import timezone

from conversations import services
from conversations.models import Tag
from supportdesk.accounts.models import User
from supportdesk.core import redis

# Seconds after which beat hands the same over anew: what waited for so long is dropped.
AGAIN = 60
REBUILD_LIMIT = 3600

logger = logging.getLogger(__name__)


@shared_task(name="conversations.delete_files", ignore_result=True, time_limit=300)
def delete_files() -> None:
    """What is left stays on the list; beat strikes again."""
    services.delete_files()


@shared_task(name="conversations.wake_snoozed", ignore_result=True, time_limit=120)
def wake_snoozed() -> None:
    """One that cannot be woken holds up no other; beat strikes again."""
    for conversation_id in services.due_ids():
        try:
            services.wake_when_due(conversation_id=conversation_id)
        except Exception:
            logger.exception("conversation %s not woken", conversation_id)


@shared_task(
    name="conversations.assign_automatically", ignore_result=True, time_limit=60
)
def assign_automatically(conversation_id: int) -> None:
    """A task that is lost is made up for by `give_out_waiting`."""
    services.assign_automatically(conversation_id=conversation_id)


@shared_task(name="conversations.give_out_waiting", ignore_result=True, time_limit=60)
def give_out_waiting() -> None:
    services.give_out_waiting()


@shared_task(name="conversations.hand_over", ignore_result=True, time_limit=300)
def hand_over(agent_id: int, by_id: int) -> None:
    """A task that is lost is made up for by `hand_over_left_behind`."""
    services.hand_over(agent_id=agent_id, by_id=by_id)


@shared_task(
    name="conversations.hand_over_left_behind", ignore_result=True, time_limit=300
)
def hand_over_left_behind() -> None:
    for agent_id in services.left_behind():
        services.hand_over(agent_id=agent_id)


@shared_task(name="conversations.count_messages", ignore_result=True, time_limit=300)
def count_messages() -> None:
    """Figures of reports; what is not done within its steps is the next minute's."""
    services.count_new_messages()
    for account in services.accounts_in_other_zones():
        rebuild_figures.apply_async([account.pk], expires=AGAIN)


@shared_task(
    name="conversations.rebuild_figures", ignore_result=True, time_limit=REBUILD_LIMIT
)
def rebuild_figures(account_id: int) -> None:
    """Of an account whose time zone changed; not twice at once, nor for nothing."""
    with redis.alone("rebuild-figures", account_id, seconds=REBUILD_LIMIT) as is_ours:
        if not is_ours:
            return
        for account in services.accounts_in_other_zones():
            if account.pk == account_id:
                services.rebuild_figures(account=account)


@shared_task(
    name="conversations.merge_tags", ignore_result=True, time_limit=3600, acks_late=True
)
def merge_tags(tag_id: int, into_id: int, agent_id: int) -> None:
    """Done anew it goes on where it stopped; a tag that is gone was merged."""
    tags = Tag.objects.in_bulk([tag_id, into_id])
    if len(tags) == 2:
        agent = User.objects.get(pk=agent_id)
        services.merge_tags(tag=tags[tag_id], into=tags[into_id], by=agent)


@shared_task(name="conversations.update_search", ignore_result=True, time_limit=300)
def update_search() -> None:
    services.update_documents(now=timezone.now())


@shared_task(name="conversations.index_visitor", ignore_result=True, time_limit=120)
def index_visitor(visitor_id: int) -> None:
    services.index_visitor(visitor_id=visitor_id)


@shared_task(name="conversations.write_export", ignore_result=True, time_limit=3600)
def write_export(export_id: int) -> None:
    """A task that is lost, or its worker, is made up for by `take_up_exports`."""
    services.write_export(export_id=export_id)


@shared_task(name="conversations.take_up_exports", ignore_result=True, time_limit=60)
def take_up_exports() -> None:
    now = timezone.now()
    services.discard_expired(now=now)
    for export_id in services.exports_to_take_up(now=now):
        write_export.apply_async([export_id], expires=AGAIN)

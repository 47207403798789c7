"""How the history tells of what an account is told of."""

from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import audit

audit.tell(
    {
        "notifications.changed": _("%(by)s changed the account's notifications"),
        "notifications.recipients": _("%(by)s changed who else is notified"),
        "notifications.unsubscribed": _(
            "Somebody who is notified unsubscribed by the link in a mail"
        ),
    },
    {
        "recipients_offline": _("Offline messages go to"),
        "recipients_missed": _("Missed conversations go to"),
    },
)

"""How the history tells of blocks."""

from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import audit

audit.tell(
    {
        "block.created": _("%(by)s blocked %(target)s"),
        "block.lifted": _("%(by)s lifted the block of %(target)s"),
    },
    {"block.ends_at": _("Until")},
)

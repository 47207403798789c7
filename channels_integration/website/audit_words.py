"""How the history tells of the keys that shops sign identities with."""

from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import audit

audit.tell(
    {
        "identity.created": _("%(by)s made an identity secret for %(target)s"),
        "identity.renewed": _("%(by)s replaced the identity secret of %(target)s"),
        "identity.removed": _("%(by)s removed the identity secret of %(target)s"),
    }
)

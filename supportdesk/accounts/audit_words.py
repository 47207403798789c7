"""How the history tells of accounts and agents; `%(by)s` is who did it."""

from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import audit

audit.tell(
    {
        "account.created": _("%(by)s opened the account %(target)s"),
        "account.changed": _("%(by)s changed the settings of the account"),
        "account.suspended": _("%(by)s suspended the account"),
        "account.resumed": _("%(by)s let the account go on"),
        "account.handed_over": _("%(by)s made %(target)s the owner"),
        "account.two_factor_changed": _(
            "%(by)s changed whether a second factor is required"
        ),
        "account.export_requested": _("%(by)s asked for an export of the account"),
        "account.export_discarded": _("%(by)s deleted an export of the account"),
        "account.export_taken": _("%(by)s downloaded an export of the account"),
        "account.erasure_requested": _("%(by)s asked for the account to be erased"),
        "account.erasure_cancelled": _("%(by)s took back that the account is erased"),
        "agent.created": _("%(by)s added %(target)s as an agent"),
        "agent.changed": _("%(by)s changed the profile of %(target)s"),
        "agent.role_changed": _(
            "%(by)s changed the role of %(target)s from %(old)s to %(new)s"
        ),
        "agent.switched_on": _("%(by)s switched on %(target)s"),
        "agent.switched_off": _("%(by)s switched off %(target)s"),
        "agent.groups_changed": _("%(by)s changed the groups of %(target)s"),
        "agent.link_sent": _("%(by)s sent %(target)s a link to choose a password"),
        "agent.address_asked": _(
            "%(by)s asked for another e-mail address of %(target)s"
        ),
        "agent.address_changed": _(
            "%(target)s confirmed the e-mail address %(new)s, %(old)s before"
        ),
        "agent.two_factor_reset": _(
            "%(by)s took the second factors of %(target)s away"
        ),
        "invitation.sent": _("%(by)s invited %(target)s"),
        "invitation.renewed": _("%(by)s sent %(target)s another invitation"),
        "invitation.changed": _("%(by)s changed the invitation of %(target)s"),
        "invitation.revoked": _("%(by)s withdrew the invitation of %(target)s"),
        "invitation.accepted": _("%(target)s accepted the invitation"),
        "sign_in.succeeded": _("%(by)s signed in"),
        "sign_in.failed": _("Somebody tried to sign in as %(target)s and failed"),
        "sign_in.factor_failed": _(
            "Somebody who knows the password of %(target)s gave a wrong second factor"
        ),
        "sign_in.ended": _("%(by)s signed out"),
        "sign_in.others_ended": _("%(target)s was signed out everywhere else"),
        "sign_in.factor_added": _("%(by)s added a second factor"),
        "sign_in.factor_removed": _("%(by)s removed a second factor"),
        "sign_in.codes_made": _("%(by)s made new recovery codes"),
        "sign_in.password_changed": _("%(by)s chose a new password"),
        "group.created": _("%(by)s added the group %(target)s"),
        "group.changed": _("%(by)s changed the group %(target)s"),
        "group.deleted": _("%(by)s deleted the group %(target)s"),
        "history.exported": _("%(by)s downloaded the history"),
        "hours.changed": _("%(by)s changed the business hours"),
        "api_token.created": _("%(by)s made the API token %(target)s"),
        "api_token.revoked": _("%(by)s revoked the API token %(target)s"),
        "privacy.changed": _("%(by)s changed the privacy settings"),
        "privacy.deleted": _("%(by)s deleted what is not kept any longer"),
    },
    {
        "role": _("Role"),
        "two_factor_required": _("Second factor required"),
        "erase_at": _("To be erased"),
        "groups": _("Groups"),
        "agents": _("Agents"),
        "week": _("Opening hours"),
        "holidays": _("Holidays"),
        "language": _("Language"),
    },
)

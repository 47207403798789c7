"""How the history tells of channels, tags and what leaves the desk."""

from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import audit

audit.tell(
    {
        "channel.created": _("%(by)s added the channel %(target)s"),
        "channel.changed": _("%(by)s changed the channel %(target)s"),
        "tag.created": _("%(by)s added the tag %(target)s"),
        "tag.changed": _("%(by)s changed the tag %(target)s"),
        "tag.archived": _("%(by)s archived the tag %(target)s"),
        "tag.restored": _("%(by)s restored the tag %(target)s"),
        "tag.merged": _("%(by)s merged the tag %(target)s into another one"),
        "tag.deleted": _("%(by)s deleted the tag %(target)s"),
        "canned_reply.created": _("%(by)s added the shared canned reply /%(target)s"),
        "canned_reply.changed": _("%(by)s changed the shared canned reply /%(target)s"),
        "canned_reply.deleted": _("%(by)s deleted the shared canned reply /%(target)s"),
        "view.created": _("%(by)s shared the view %(target)s"),
        "view.renamed": _("%(by)s renamed the shared view from %(old)s to %(new)s"),
        "view.deleted": _("%(by)s deleted the shared view %(target)s"),
        "visitor.merged": _("%(by)s merged another profile into visitor %(target)s"),
        "visitor.unmerged": _("%(by)s took a profile out of visitor %(target)s again"),
        "visitor.erased": _("%(by)s erased visitor %(target)s"),
        "visitor.exported": _("%(by)s exported everything of visitor %(target)s"),
        "export.requested": _("%(by)s asked for an export of conversations"),
        "export.taken": _("%(by)s downloaded an export of conversations"),
        "export.conversation": _(
            "%(by)s downloaded a conversation of visitor %(target)s"
        ),
    },
    {
        "tag.into": _("Into"),
        "visitor.merged": _("Merged profile"),
        "conversations": _("Conversations"),
        "files": _("Files"),
        "is_shared": _("Shared"),
        "export.format": _("Format"),
        "export.for_visitor": _("Without private notes"),
        "allowed_domains": _("Domains"),
    },
)

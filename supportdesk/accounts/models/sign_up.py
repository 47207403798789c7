import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models.fields import (
    EmailAddressField,
    Language,
    validate_time_zone,
)


class SignUp(models.Model):
    """A company that wants an account and has yet to confirm its address.

    There is no account before that, so none is ever left behind half made.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    company = models.CharField(_("company"), max_length=120)
    name = models.CharField(_("name"), max_length=120)
    # Not unique: whoever types somebody else's address must not be in their way.
    email = EmailAddressField(_("e-mail address"), max_length=254, db_index=True)
    password = models.CharField(_("password"), max_length=128)
    language = models.CharField(_("language"), max_length=5, choices=Language.choices)
    time_zone = models.CharField(
        _("time zone"), max_length=64, validators=[validate_time_zone]
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("sign-up")
        verbose_name_plural = _("sign-ups")

    def __str__(self) -> str:
        return str(self.public_id)

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower
from django.utils import timezone

if TYPE_CHECKING:
    from supportdesk.accounts.models import User
    from visitors.models import Block, Visitor  # noqa: F401 - named in base classes


def last_word(field: str) -> Func:
    """The last word of a name, in small letters: mostly the family's."""
    template = "lower(substring(%(expressions)s from '[^ ]+$'))"
    return Func(F(field), template=template, output_field=models.TextField())


def digits_backwards(field: str) -> Func:
    """A number as its last digits, however it is written: countries come first."""
    template = "reverse(regexp_replace(%(expressions)s, '[^0-9]', '', 'g'))"
    return Func(F(field), template=template, output_field=models.TextField())


def by_beginning(expression: Func) -> OpClass:
    """For an index that also finds what begins so, whatever language sorts there."""
    return OpClass(expression, name="text_pattern_ops")


class VisitorQuerySet(models.QuerySet["Visitor"]):
    def of_account(self, agent: User) -> Self:
        """Visitors of the agent's account.

        Which of them an agent may see depends on their conversations, which live
        a layer above: see `conversations.access.visible_visitors`.
        """
        if agent.account_id is None:
            return self.none()
        return self.filter(account_id=agent.account_id).profiles()

    def with_email(self, email: str) -> Self:
        """Those of an address, however it is spelt; the index knows no empty ones."""
        return self.alias(spelt=Lower("email")).filter(
            ~Q(email=""), spelt=Lower(Value(email))
        )

    def with_name(self, name: str) -> Self:
        """Those of a name, in large letters or small."""
        return self.alias(spelt=Lower("name")).filter(
            ~Q(name=""), spelt=Lower(Value(name))
        )

    def with_digits(self, digits: str) -> Self:
        """Those whose number has exactly these."""
        return self.alias(backwards=digits_backwards("phone")).filter(
            ~Q(phone=""), backwards=digits[::-1]
        )

    # What begins so: three with an index each, for together they would have none.

    def name_begins(self, text: str) -> Self:
        return self.alias(spelt=Lower("name")).filter(
            ~Q(name=""), spelt__startswith=Lower(Value(text))
        )

    def last_word_begins(self, text: str) -> Self:
        return self.alias(word=last_word("name")).filter(
            ~Q(name=""), word__startswith=Lower(Value(text))
        )

    def email_begins(self, text: str) -> Self:
        return self.alias(spelt=Lower("email")).filter(
            ~Q(email=""), spelt__startswith=Lower(Value(text))
        )

    def number_ends(self, digits: str) -> Self:
        return self.alias(backwards=digits_backwards("phone")).filter(
            ~Q(phone=""), backwards__startswith=digits[::-1]
        )

    def profiles(self) -> Self:
        """Without those that are part of another profile."""
        return self.filter(merged_into__isnull=True)


class BlockQuerySet(models.QuerySet["Block"]):
    def visible_to(self, agent: User) -> Self:
        if agent.account_id is None:
            return self.none()
        return self.filter(account_id=agent.account_id)

    def in_force(self) -> Self:
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=timezone.now()))

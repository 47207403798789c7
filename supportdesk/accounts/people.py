"""How a person's name becomes what an avatar shows."""

from dataclasses import dataclass


def initials(name: str, fallback: str = "") -> str:
    """Two letters of a name, or of the fallback when the name has none."""
    words = [word for word in name.split() if word[0].isalpha()]
    if not words:
        return fallback[:2].upper()
    second = words[-1][0] if len(words) > 1 else words[0][1:2]
    return (words[0][0] + second).upper()


@dataclass(frozen=True)
class Person:
    """An agent as lists and pushes show one, without a row of their own."""

    id: int
    name: str
    email: str

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def first_name(self) -> str:
        return (self.name or self.email).split()[0]

    @property
    def initials(self) -> str:
        return initials(self.name, self.email)

    @property
    def hue(self) -> int:
        """One of the eight avatar colours, the same for this agent everywhere."""
        return self.id % 8 + 1

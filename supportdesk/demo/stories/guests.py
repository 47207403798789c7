"""Visitors of the mill shop who come back in a second story."""

from supportdesk.demo.script import Guest

KATHARINA = Guest(
    "katharina",
    "Katharina Vogt",
    "k.vogt@example.net",
    "+49 341 555 0148",
    user_id="MM-10482",
)
FRIEDERIKE = Guest(
    "friederike",
    "Dr. Friederike Schmidt-Hohenlohe",
    "f.schmidt-hohenlohe@example.net",
    "+49 341 555 0172",
)
CARSTEN = Guest("carsten", "Carsten Meinhövel", "c.meinhoevel@example.org")
LUCIE = Guest("lucie", "Lucie Marchand", "lucie.marchand@example.org", language="en")
RHYS = Guest("rhys", "Rhys Bevan", "rhys.bevan@example.org", language="en")

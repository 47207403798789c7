from supportdesk.demo.script import (
    Ago,
    Answers,
    Assigns,
    DaysAgo,
    Guest,
    Missed,
    Moves,
    Notes,
    Rates,
    Resolves,
    Says,
    Story,
    Unheard,
)
from supportdesk.demo.stories.guests import LUCIE, RHYS

OPEN = (
    Story(
        Guest("oliver", "Oliver Whitcombe", language="en"),
        ends=Ago(minutes=9),
        page="/en/products/stone-mill",
        title="Stone mills",
        unread_by=("*",),
        tags=("Beratung",),
        steps=(Says("Hi! Do you ship the stone mill to Norway?"),),
    ),
    Story(
        LUCIE,
        ends=Ago(hours=1, minutes=5),
        page="/en/tools/dough-calculator",
        title="Dough calculator",
        group="repairs",
        unread_by=("jonas", "anna"),
        steps=(
            Says("Your dough calculator is lovely but something is off."),
            Answers("jonas", "Hello Lucie! What does it do?", after=4),
            Says('It shows "NaN g" for rye, on my phone and my laptop.', after=3),
            Missed(after=4),
        ),
    ),
    Story(
        Guest("giulia", "Giulia Ricci", "giulia.ricci@example.com", language="en"),
        ends=DaysAgo(2, "09:12"),
        page="/en/cart",
        title="Your basket",
        group="orders",
        steps=(
            Says("Can you hold my order until I am back from holiday?"),
            Answers(
                "anna",
                "Of course. Until when? We can hold it for three weeks.",
                after=5,
            ),
            Says("The 12th would be ideal.", after=2),
            Answers("anna", "Done, it will leave us on the 12th.", after=3),
            Says("Perfect, thank you so much!"),
            Answers("anna", "Enjoy your time off!"),
        ),
    ),
    Story(
        RHYS,
        ends=Ago(days=1, hours=2),
        page="/en/service/spare-parts",
        title="Spare parts",
        group="repairs",
        unread_by=("*",),
        seen=False,
        tags=("Ersatzteil",),
        steps=(
            Says("The wooden drawer of my mill is warped and no longer closes."),
            Says("Can I buy just the drawer? Model is the Nordkorn 240.", after=2),
            Unheard(after=2),
        ),
    ),
)

RESOLVED = (
    Story(
        RHYS,
        ends=DaysAgo(13, "15:44"),
        page="/en/service/manuals",
        title="Manuals",
        tags=("Ersatzteil",),
        steps=(
            Says("What is a Mahlstein? The manual is German only."),
            Answers(
                "mira",
                "That is the millstone. An English manual is being printed; until "
                "then I am happy to translate whatever you need.",
                after=31,
            ),
            Says("OK, I will manage.", after=5),
            Assigns("jonas", "mira", after=15),
            Resolves("mira", after=2),
            Rates(3, "Friendly, but a manual would be better.", after=6),
        ),
    ),
    Story(
        Guest(
            "margaret",
            "Margaret O'Neill",
            "margaret.oneill@example.net",
            "+353 1 555 0162",
            language="en",
        ),
        ends=DaysAgo(5, "12:26"),
        page="/en/products/nordkorn-360",
        title="Nordkorn 360 grain mill",
        steps=(
            Says("Will the Nordkorn 360 run on an Irish socket?"),
            Answers(
                "svenja",
                "It will: we pack the right plug for orders to Ireland.",
                after=4,
            ),
            Says("And the guarantee is valid here as well?", after=1),
            Answers("svenja", "Yes, twelve years, wherever you take it.", after=2),
            Says("Grand, ordering now.", after=2),
            Resolves("svenja", after=8),
            Rates(5, "Two questions, two answers, five minutes.", after=1),
        ),
    ),
    Story(
        Guest("tomasz", "Tomasz Wiśniewski", "t.wisniewski@example.org", language="en"),
        ends=DaysAgo(8, "10:58"),
        page="/en/business",
        title="For bakeries and resellers",
        group="wholesale",
        tags=("Großmenge",),
        steps=(
            Says("We run a small bakery in Gdynia. Do you sell flour by the pallet?"),
            Answers(
                "piet",
                "We do, from 600 kg. Spelt and rye are in stock, wheat takes a week.",
                after=22,
            ),
            Notes("piet", "New customer, credit check first. @Anna"),
            Says("Spelt then. I will order through the form.", after=6),
            Resolves("piet", after=4),
            Rates(5, after=12),
        ),
    ),
    Story(
        Guest("ingrid", "Ingrid Solberg", "ingrid.solberg@example.com", language="en"),
        ends=DaysAgo(10, "19:20"),
        page="/en/shipping",
        title="Shipping",
        group="orders",
        tags=("Lieferverzug",),
        steps=(
            Says("Do I have to pay customs for a proofing basket to Bergen?"),
            Answers(
                "mira",
                "Below 350 kroner there is only the value added tax, which the shop "
                "already takes at the till.",
                after=17,
            ),
            Says("Thanks!", after=3),
            Resolves("mira"),
        ),
    ),
    Story(
        Guest("late-night", language="en"),
        ends=DaysAgo(15, "08:41"),
        page="/en/contact",
        title="Contact",
        seen=False,
        steps=(
            Says("hello"),
            Says("is anyone there? I only want to change my address", after=12),
            Answers(
                "jonas",
                "Good morning, and sorry, you found us asleep. Which order is it?",
                after=560,
            ),
            Resolves("jonas", after=30),
            Rates(1, "Nobody answered.", after=3),
        ),
    ),
    Story(
        Guest("harriet", "Harriet Bloom", "harriet.bloom@example.net", language="en"),
        ends=DaysAgo(4, "14:15"),
        page="/en/account/orders/20392",
        title="Order MM-20392",
        tags=("Reklamation", "Ersatzteil"),
        steps=(
            Says(
                "My parcel looks like it fell off a bicycle.",
                files=("parcel-front.png",),
            ),
            Answers(
                "mira",
                "Oh dear. Is what is inside still whole? Please have a look before "
                "you sign anything.",
                after=3,
            ),
            Moves("mira", "orders", after=1),
            Says("The jar is broken, the basket is fine.", after=7),
            Answers("mira", "A new jar is on its way, no need to return it.", after=4),
            Says("That was quick. Thank you!", after=1),
            Resolves("mira", after=2),
            Rates(5, "Mira was wonderful.", after=2),
        ),
    ),
    Story(
        Guest("samuel", "Samuel Okafor", "s.okafor@example.org", language="en"),
        ends=DaysAgo(19, "17:07"),
        page="/en/products/dutch-oven",
        title="Cast iron bread pot",
        tags=("Beratung",),
        steps=(
            Says("Is the bread pot oven safe up to 280 degrees?"),
            Answers("anna", "Up to 260, because of the knob on the lid.", after=9),
            Says("Pity. And with another knob?", after=2),
            Answers("anna", "The steel knob takes 300, but it costs extra.", after=3),
            Resolves("anna", after=40),
            Rates(3, after=90),
        ),
    ),
    Story(
        LUCIE,
        ends=DaysAgo(22, "11:33"),
        page="/en/recipes",
        title="Recipes",
        steps=(
            Says("How long does the sourdough starter keep in the fridge?"),
            Answers("jonas", "Feed it once a week and it outlives us all.", after=2),
            Says("Ha! Thank you.", after=1),
            Resolves("jonas", after=1),
            Rates(5, after=1),
        ),
    ),
    Story(
        Guest("priya", "Priya Raman", "priya.raman@example.com", language="en"),
        ends=DaysAgo(6, "13:50"),
        page="/en/checkout",
        title="Checkout",
        group="orders",
        steps=(
            Says("The checkout refuses my card 3782 822463 10005, is it on your side?"),
            Answers(
                "svenja",
                "We never see card numbers, and this one was hidden from us as well. "
                "Your bank has to release payments to Germany first.",
                after=4,
            ),
            Says("They just did, it went through.", after=16),
            Resolves("svenja", after=2),
        ),
    ),
)

STORIES = OPEN + RESOLVED

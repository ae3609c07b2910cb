"""Spoken commands: a small grammar of numbers, times, dates, rooms and names, about a hundred words."""

import random

UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
TENS = ["twenty", "thirty", "forty", "fifty"]
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MONTHS = [
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
]
ORDINALS = [
    *("first", "second", "third", "fourth", "fifth", "sixth"),
    *("seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"),
]
ROOMS = ["kitchen", "bedroom", "garden", "office", "hall"]
THINGS = ["light", "radio", "heating", "fan", "television"]
NAMES = ["anna", "peter", "maria", "david", "julia", "thomas"]
VERBS = ["call", "ring", "invite", "thank"]


def number(draws: random.Random) -> str:
    """Say a number from one to fifty-nine."""
    if draws.random() < 0.5:
        return draws.choice(UNITS)
    tens = draws.choice(TENS)
    return tens if draws.random() < 0.3 else f"{tens} {draws.choice(UNITS[:9])}"


def clock(draws: random.Random) -> str:
    """Say a time of the day."""
    hour = draws.choice(UNITS)
    return draws.choice(
        (f"{hour} o'clock", f"half past {hour}", f"{hour} {draws.choice(TENS)}", f"quarter to {hour}")
    )


def when(draws: random.Random) -> str:
    """Say a day, a date or a time."""
    date = f"on the {draws.choice(ORDINALS)} of {draws.choice(MONTHS)}"
    return draws.choice((f"on {draws.choice(DAYS)}", date, f"at {clock(draws)}"))


def sentence(draws: random.Random) -> str:
    """Say a command, a sum or a date."""
    thing, room, name = draws.choice(THINGS), draws.choice(ROOMS), draws.choice(NAMES)
    return draws.choice(
        (
            f"turn {draws.choice(('on', 'off'))} the {thing} in the {room}",
            f"set the {draws.choice(('alarm', 'clock'))} for {clock(draws)}",
            f"{draws.choice(VERBS)} {name} {when(draws)}",
            f"the meeting with {name} is {when(draws)}",
            f"play song number {number(draws)} in the {room}",
            f"what is {number(draws)} {draws.choice(('plus', 'minus', 'times'))} {number(draws)}",
            f"buy {number(draws)} {draws.choice(('apples', 'eggs', 'lemons'))} {when(draws)}",
        )
    )

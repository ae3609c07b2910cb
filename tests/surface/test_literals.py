"""Addresses, codes and numbers come through as they are written; nothing else is touched."""

import pytest

from clearhead.surface.literals import restored


@pytest.mark.parametrize(
    ("source", "wrong", "expected"),
    [
        ("Do you know a.b51@trustnne35.eu?", "Kennst du a.b51@trusnne35.eu?", "Kennst du a.b51@trustnne35.eu?"),
        ("See https://thss.fr/cob?c=616.", "Siehe https://thss.fr/co?c=6161.", "Siehe https://thss.fr/cob?c=616."),
        ("(www.baschovol88.es)", "(www.baschovol8.es)", "(www.baschovol88.es)"),
        ("PSZ-1126 is not here.", "PSZ-126 ist nicht hier.", "PSZ-1126 ist nicht hier."),
        ("Call 0612345678.", "Appelez le 061234578 !", "Appelez le 0612345678 !"),
        ("ann@mail.org", "joann@mail.org", "ann@mail.org"),
        ("12345 or 12345", "1234567 oder 1234567", "12345 oder 1234567"),
    ],
)  # fmt: skip
def test_a_wrong_letter_is_put_right(source, wrong, expected):
    found, corrected = restored(source, wrong)
    assert found == expected
    assert len(corrected) == 1
    assert corrected[0] in source


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("It costs 10000 dollars.", "Es kostet 10.000 Dollar."),
        ("It costs 10000 dollars.", "Cela coûte 10\u202f000 dollars."),
        ("It costs 10,000 dollars.", "Es kostet 10000 Dollar."),
        ("There were 2500 people.", "Il y avait 2 200 personnes."),
        ("There are 300 people.", "Il y a trois cents personnes."),
        ("It is the 20th, at 8h30.", "C'est le 20e, à 8:30."),
        ("I was born in 1990.", "Je suis né en 1990."),
        ("Write to me.", "Écrivez à a.b@c.de."),
        ("Write to x.y@z.org.", "Écrivez-moi."),
        ("Room A4 or 12?", "Chambre A5 ou 12 ?"),
        ("Das 24-Stunden-Ticket, bitte.", "The 24-Hour-Ticket, please."),
        ("Ein 50-Euro-Schein", "A 50-Euro-Bill"),
        ("The EU-27 met.", "La UE-27 se reunió."),
        ("Q1-2020 was good.", "T1-2020 était bon."),
        ("See https://docs.python.org/3.12/library", "Siehe https://docs.python.org/3.12/library"),
        ("http://192.168.1.1 or ann.1.2@x.org", "http://192.168.1.1 oder ann.1.2@x.org"),
        ("bus 100 or 101", "bus 101 ou 102"),
        ("", ""),
    ],
)
def test_what_may_be_otherwise_is_left_alone(source, translation):
    assert restored(source, translation) == (translation, ())


def test_each_goes_to_the_one_most_like_it():
    source = "ann.lee@mail.org or bob.ray@mail.org"
    found, right = restored(source, "bob.rai@mail.org ou ann.le@mail.org")
    assert found == "bob.ray@mail.org ou ann.lee@mail.org"
    assert sorted(right) == ["ann.lee@mail.org", "bob.ray@mail.org"]

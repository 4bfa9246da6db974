"""The table rule -> places and tests finds what is missing and what does not exist."""

from autoholdings_tests.rules import RULES, places_by_rule, problems

EVERY = {rule.number: ["somewhere"] for rule in RULES}


def test_rule_numbers_are_unique() -> None:
    numbers = [rule.number for rule in RULES]
    assert len(set(numbers)) == len(numbers) == 49


def test_every_rule_has_a_place_in_the_code() -> None:
    assert problems(places_by_rule(), EVERY) == []


def test_a_rule_without_a_place_or_a_test_is_a_problem() -> None:
    without = {number: names for number, names in EVERY.items() if number != "A3"}
    assert problems(EVERY, EVERY) == []
    assert problems(without, EVERY) == ["A3 (every row of the file is accounted for) has no place in the code."]
    assert problems(EVERY, without) == ["A3 (every row of the file is accounted for) has no test."]


def test_the_number_of_no_rule_is_a_problem() -> None:
    assert problems(EVERY, {**EVERY, "Z9": ["test_z"]}) == ["test_z: there is no rule Z9."]

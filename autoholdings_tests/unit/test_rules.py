"""The table rule -> tests finds what is missing and what does not exist."""

from autoholdings_tests.rules import RULES, problems


def test_rule_numbers_are_unique() -> None:
    numbers = [rule.number for rule in RULES]
    assert len(set(numbers)) == len(numbers) == 49


def test_a_rule_without_a_test_is_a_problem_unless_it_is_due_later() -> None:
    due = {rule.number: ["some_test"] for rule in RULES if not rule.due_later}
    assert problems(due) == []
    without = {number: tests for number, tests in due.items() if number != "A3"}
    assert problems(without) == ["A3 (every row of the file is accounted for) has no test."]


def test_a_test_with_the_number_of_no_rule_is_a_problem() -> None:
    due = {rule.number: ["some_test"] for rule in RULES if not rule.due_later}
    assert problems({**due, "Z9": ["test_z"]}) == ["test_z: there is no rule Z9."]

"""Refusing what cannot be done: one way to say so, whoever asked and however."""


class NotPossible(Exception):
    """What was asked for cannot be done as things are; the text says why and what to do. Nothing has changed."""

"""Refusing what cannot be done: one way to say so, whoever asked and however."""


class NotPossible(Exception):
    """What was asked for cannot be done as things are; the text says why and what to do. Nothing has changed."""


class Unusable(NotPossible):
    """It was asked for rightly, but what it needs is not there or cannot be used: status 3 at the command line."""

"""A demonstration that needs no vendor and no library: invented title lists, and a vendor on loopback that serves them.

What belongs here: what `autoholdings demo` shows and the tests and benchmarks reuse. What does not: anything that a
real run needs.
"""

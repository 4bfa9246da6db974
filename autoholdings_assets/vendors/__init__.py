"""The vendors: one YAML file for each, and the model that reads them.

What belongs here: everything in which vendors differ, as data. What does not: any code that asks for a
vendor by name.
"""

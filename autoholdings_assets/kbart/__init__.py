"""The KBART standard: fields, identifiers, dates, embargo, the reader, the rules, the merge of coverage, the writer.

Pure: knows no vendor, no warehouse, no Dagster. Everything else in the project builds on it and it on nothing.
"""

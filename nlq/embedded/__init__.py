"""The parts that run by themselves where nothing else is named: a PostgreSQL and a language model.

Both run as child processes that every process with the same `NLQ_HOME` shares, until the last one stops.
"""

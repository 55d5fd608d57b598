"""Slack as a way to ask, on Bolt for Python.

What Slack sends is written down before it is acknowledged (`listeners`, `jobs`), worked on by a few threads
(`workers`), answered through the pipeline (`answering`), put into blocks (`blocks`) and sent (`sending`).
"""

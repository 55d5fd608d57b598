"""Ask about KPIs in plain words: a question in, an answer with its SQL out.

`nlq.pipeline` is the table of contents: every step a question passes is called there in order.
"""

"""The words that are sent to a model, as Jinja templates: `system.txt`, then `question.txt` or `check.txt`."""

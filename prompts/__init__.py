"""The words that are sent to a model, as Jinja templates: `system.txt` once and unchanged, `question.txt` each time."""

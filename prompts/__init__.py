"""The words that are sent to a model, as Jinja templates: `system.txt` first, `question.txt` each time."""

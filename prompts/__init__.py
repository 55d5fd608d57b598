"""The words that are sent to a model, as Jinja templates: `system.txt`, and one for each kind of message."""

"""SQL with its words marked up, for people to read. Pure."""

import re

from markupsafe import Markup, escape

_TOKEN = re.compile(
    r"(?P<s>'(?:[^']|'')*')|(?P<q>\"(?:[^\"]|\"\")*\")|(?P<n>\b\d+(?:\.\d+)?\b)|(?P<k>\b[A-Z]{2,}\b)",
    re.ASCII,
)
"""Texts, quoted names, numbers, and keywords: our SQL writes those, and only those, in capitals."""


def sql(text: str) -> Markup:
    """`text` as HTML: keywords in `.k`, texts in `.s`, numbers in `.n`; everything escaped."""
    parts: list[Markup] = []
    at = 0
    for found in _TOKEN.finditer(text):
        parts.append(escape(text[at : found.start()]))
        kind = found.lastgroup
        parts.append(
            escape(found[0]) if kind == "q" else Markup('<span class="{}">{}</span>').format(kind, found[0])
        )
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])

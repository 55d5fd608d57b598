"""Schema linking: the words of a question -> KPIs, names, periods and cues. Pure."""

from nlq.linking.link import Links, link

__all__ = ["Links", "link"]

"""Window frames, such as ROWS BETWEEN 2 PRECEDING AND CURRENT ROW, in plain words."""

from collections.abc import Callable

from nlq.sql.tree import Node, unwrap

_NON_DEFAULT = 0x1
_GROUPS, _RANGE = 0x8, 0x2
_STARTS = {0x20: "the first", 0x200: "this one", 0x800: "{} before", 0x2000: "{} after"}
_ENDS = {0x100: "the last", 0x400: "this one", 0x1000: "{} before", 0x4000: "{} after"}
"""PostgreSQL's FRAMEOPTION bits (src/include/nodes/parsenodes.h) for where a frame starts and ends."""


def frame(window: Node, say: Callable[[Node], str]) -> str:
    """The frame of `window`, as "rows from 2 before to this one"; empty for the one it has by default."""
    options = window.frame_options
    if not options & _NON_DEFAULT:
        return ""
    unit = "groups" if options & _GROUPS else "values" if options & _RANGE else "rows"
    start = _edge(_STARTS, options, window, "start_offset", say)
    end = _edge(_ENDS, options, window, "end_offset", say)
    return f"{unit} from {start} to {end}"


def _edge(edges: dict[int, str], options: int, window: Node, offset: str, say: Callable[[Node], str]) -> str:
    edge = next((words for bit, words in edges.items() if options & bit), "this one")
    return edge.format(say(unwrap(getattr(window, offset)))) if window.HasField(offset) else edge

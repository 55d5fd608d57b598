"""The semantic layer: what there is to ask about, defined once and used by every answer."""

from nlq.catalog.model import Aggregation, Catalog, Direction, Kpi, Region, Team, as_json

__all__ = ["Aggregation", "Catalog", "Direction", "Kpi", "Region", "Team", "as_json"]

"""What the scripts of the pages fetch: how charts look, and the names that are completed."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from nlq.chart.theme import THEMES
from nlq.web.asker import asker
from nlq.web.labels import DIMENSIONS
from nlq.web.ports import service
from nlq.web.words import gettext

blueprint = Blueprint("assets", __name__)


@blueprint.get("/charts/themes.json")
def themes() -> ResponseReturnValue:
    """The look of charts, light and dark."""
    return jsonify(THEMES)


@blueprint.get("/names.json")
def names() -> ResponseReturnValue:
    """The names that a question can hold, each with its kind in the language of the reader."""
    catalog = service().catalog(asker())
    found = [(kpi.label, "kpi") for kpi in catalog.kpis]
    found += [(word, "kpi") for kpi in catalog.kpis for word in kpi.synonyms]
    found += [(team.name, "team") for team in catalog.teams]
    found += [(region.name, "region") for region in catalog.regions]
    found += [(name, "department") for name in catalog.departments]
    found += [(name, "country") for name in catalog.countries]
    listed = [{"name": name, "kind": gettext(DIMENSIONS[kind])} for name, kind in dict.fromkeys(found)]
    return jsonify(listed)

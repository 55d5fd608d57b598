"""A small catalogue for tests of the pure steps."""

from datetime import date

from nlq.catalog import Aggregation, Catalog, Kpi, Region, Team
from nlq.catalog.model import Direction
from nlq.linking.names import Names
from nlq.linking.points import Calendar

TODAY = date(2026, 11, 24)

SHOP = Catalog(
    kpis=(
        Kpi(
            "sales_conversion_rate",
            "Sales conversion rate",
            "Percentage of visitors who complete a purchase",
            "%",
            "sales",
            aggregation=Aggregation.AVERAGE,
        ),
        Kpi(
            "customer_acquisition_cost",
            "Customer acquisition cost",
            "Average cost to acquire a new customer",
            "USD",
            "marketing",
            aggregation=Aggregation.AVERAGE,
            direction=Direction.DOWN,
        ),
        Kpi(
            "support_response_time",
            "Support response time",
            "Average time to first response for support tickets",
            "minutes",
            "operations",
            aggregation=Aggregation.AVERAGE,
            direction=Direction.DOWN,
        ),
        Kpi("revenue", "Revenue", "Money from orders", "USD", "sales", synonyms=("turnover",)),
        Kpi(
            "open_tickets",
            "Open tickets",
            "Tickets that wait for an answer",
            "tickets",
            "operations",
            aggregation=Aggregation.LAST,
            direction=Direction.DOWN,
            decimals=0,
        ),
        Kpi("new_customers", "New customers", "First orders", "customers", "marketing", decimals=0),
    ),
    teams=(Team("Ecommerce", "Sales"), Team("Social Media", "Marketing"), Team("IT", "Operations")),
    regions=(Region("North America", "USA"), Region("APAC", "Singapore"), Region("EMEA", "Germany")),
    severities=("low", "medium", "high"),
    departments={"Sales": "", "Marketing": "", "Operations": ""},
    first_month=(2023, 11),
    last_month=(2026, 11),
)
NAMES = Names(SHOP)
CALENDAR = Calendar(TODAY)

"""The demo company: a retailer with eight teams, six regions and sixteen KPIs.

The first three teams, regions and KPIs are the sample rows of the schema's page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from schema.demo.rows import Definitions

FIRST_WEEK = date(2023, 1, 2)
"""The Monday of the first readings."""


@dataclass(frozen=True)
class Team:
    """A team and the regions that it works in."""

    name: str
    department: str
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Region:
    """A region; `size` is its business relative to North America, `since` the day it opened."""

    name: str
    country: str
    size: float
    since: date = FIRST_WEEK


@dataclass(frozen=True)
class Kpi:
    """A KPI and how its weekly readings behave."""

    name: str
    description: str
    unit: str
    category: str
    owners: Mapping[str, float]
    """Teams that measure it, and their level relative to `level`."""
    level: float = 1.0
    """Usual reading of a week at the start."""
    growth: float = 0.0
    """Usual growth in a year, as a fraction."""
    season: float = 0.0
    """How much more the busiest weeks of a year have, as a fraction."""
    spread: float = 0.04
    """Standard deviation of a reading, as a fraction of its usual value."""
    decimals: int = 2
    sized: bool = False
    """Whether a bigger region has bigger readings."""
    ceiling: float | None = None
    times: tuple[str, ...] = ()
    """KPIs whose usual readings multiply into this one's."""
    unassigned: tuple[tuple[str | None, str | None, float], ...] = ()
    """Readings without a team or a region (or either), and their level relative to `level`."""


@dataclass(frozen=True)
class Stories:
    """Reasons for unusual readings of a KPI."""

    above: tuple[str, ...]
    below: tuple[str, ...]


EVERYWHERE = ("North America", "APAC", "EMEA", "Latin America", "UK & Ireland", "DACH")
_STORES = ("North America", "EMEA", "UK & Ireland", "DACH")
_ACCOUNTS = ("North America", "APAC", "EMEA", "DACH")

TEAMS = (
    Team("Ecommerce", "Sales", EVERYWHERE),
    Team("Social Media", "Marketing", EVERYWHERE),
    Team("Customer Support", "Operations", EVERYWHERE),
    Team("Retail Stores", "Sales", _STORES),
    Team("Key Accounts", "Sales", _ACCOUNTS),
    Team("Email Marketing", "Marketing", _STORES),
    Team("Paid Search", "Marketing", EVERYWHERE),
    Team("Logistics", "Operations", ("North America", "APAC", "EMEA", "UK & Ireland", "DACH")),
)

REGIONS = (
    Region("North America", "USA", 1.0),
    Region("APAC", "Singapore", 0.6),
    Region("EMEA", "Germany", 0.8),
    Region("Latin America", "Brazil", 0.3),
    Region("UK & Ireland", "United Kingdom", 0.5),
    Region("DACH", "Germany", 0.4, since=date(2024, 4, 1)),
)

_SALES = {"Ecommerce": 1.0, "Retail Stores": 0.6, "Key Accounts": 0.02}
_CHANNELS = {"Social Media": 1.0, "Email Marketing": 0.7, "Paid Search": 1.4}

KPIS = (
    Kpi(
        "sales_conversion_rate",
        "Percentage of visitors who complete a purchase",
        "%",
        "sales",
        {"Ecommerce": 1.0, "Retail Stores": 5.0},
        level=3.1,
        growth=0.05,
        season=0.15,
        spread=0.03,
    ),
    Kpi(
        "customer_acquisition_cost",
        "Average cost to acquire a new customer",
        "USD",
        "marketing",
        {"Social Media": 1.0, "Email Marketing": 0.5, "Paid Search": 1.3},
        level=46.0,
        growth=0.06,
        season=0.2,
        spread=0.035,
    ),
    Kpi(
        "support_response_time",
        "Average time to first response for support tickets",
        "minutes",
        "operations",
        {"Customer Support": 1.0},
        level=42.0,
        growth=-0.07,
        season=0.3,
        spread=0.05,
        decimals=1,
    ),
    Kpi(
        "revenue",
        "Revenue from orders, after discounts and before tax",
        "USD",
        "sales",
        dict.fromkeys(_SALES, 1.0),
        spread=0.02,
        times=("orders", "average_order_value"),
        unassigned=(("Ecommerce", None, 0.1),),
    ),
    Kpi(
        "orders",
        "Number of orders placed",
        "orders",
        "sales",
        _SALES,
        level=2600.0,
        growth=0.08,
        season=0.45,
        decimals=0,
        sized=True,
    ),
    Kpi(
        "average_order_value",
        "Average amount of an order, before tax",
        "USD",
        "sales",
        {"Ecommerce": 1.0, "Retail Stores": 0.8, "Key Accounts": 60.0},
        level=84.0,
        growth=0.03,
        season=0.05,
        spread=0.02,
    ),
    Kpi(
        "pipeline_value",
        "Value of the sales opportunities that are open at the end of the week",
        "USD",
        "sales",
        {"Key Accounts": 1.0},
        level=2_400_000.0,
        growth=0.1,
        season=0.1,
        spread=0.03,
        decimals=0,
        sized=True,
    ),
    Kpi(
        "return_rate",
        "Percentage of orders that customers send back",
        "%",
        "sales",
        {"Ecommerce": 1.0, "Retail Stores": 0.4},
        level=8.4,
        growth=0.02,
        season=0.2,
    ),
    Kpi(
        "marketing_spend",
        "Money paid for advertising and campaigns",
        "USD",
        "marketing",
        {"Social Media": 1.0, "Email Marketing": 0.25, "Paid Search": 1.8},
        level=14_000.0,
        growth=0.07,
        season=0.35,
        sized=True,
    ),
    Kpi(
        "website_visits",
        "Number of visits to the online shop",
        "visits",
        "marketing",
        _CHANNELS,
        level=24_000.0,
        growth=0.09,
        season=0.35,
        decimals=0,
        sized=True,
        unassigned=((None, "North America", 0.6), (None, "EMEA", 0.6)),
    ),
    Kpi(
        "new_customers",
        "Number of customers who order for the first time",
        "customers",
        "marketing",
        _CHANNELS,
        level=310.0,
        growth=0.05,
        season=0.4,
        spread=0.05,
        decimals=0,
        sized=True,
    ),
    Kpi(
        "email_open_rate",
        "Percentage of delivered emails that people open",
        "%",
        "marketing",
        {"Email Marketing": 1.0},
        level=24.0,
        growth=-0.03,
        season=-0.1,
        spread=0.025,
    ),
    Kpi(
        "tickets_resolved",
        "Number of support tickets solved",
        "tickets",
        "operations",
        {"Customer Support": 1.0},
        level=840.0,
        growth=0.08,
        season=0.3,
        decimals=0,
        sized=True,
    ),
    Kpi(
        "open_tickets",
        "Support tickets that wait for an answer at the end of the week",
        "tickets",
        "operations",
        {"Customer Support": 1.0},
        level=160.0,
        growth=0.04,
        season=0.5,
        spread=0.05,
        decimals=0,
        sized=True,
    ),
    Kpi(
        "customer_satisfaction_score",
        "Average rating that customers give from 1 (bad) to 5 (very good)",
        "points",
        "operations",
        {"Customer Support": 1.0, "Ecommerce": 1.04},
        level=4.0,
        growth=0.01,
        season=-0.04,
        spread=0.012,
        ceiling=4.95,
        unassigned=((None, None, 0.97),),
    ),
    Kpi(
        "delivery_time",
        "Average time from the order to its delivery",
        "hours",
        "operations",
        {"Logistics": 1.0},
        level=58.0,
        growth=-0.04,
        season=0.25,
        spread=0.03,
        decimals=1,
    ),
)

STORIES = {
    "sales_conversion_rate": Stories(
        ("free shipping weekend", "a new checkout page for part of the visitors"),
        ("the checkout failed on mobile phones", "wrong prices on the shop's front page"),
    ),
    "customer_acquisition_cost": Stories(
        ("bids went up in an auction with a new competitor", "a campaign ran without its audience limits"),
        ("a video that was shared far beyond the campaign", "most new customers came by referral"),
    ),
    "support_response_time": Stories(
        ("the ticket system was down for a day", "half of the shift was ill"),
        ("answers from the new help assistant were counted", "very few tickets came in"),
    ),
    "revenue": Stories(
        ("a flash sale", "a large order was booked in one piece"),
        ("the payment provider was down", "orders were booked in the following week"),
    ),
    "orders": Stories(
        ("a flash sale", "a mention on television"),
        ("the shop could not be reached for a day", "the payment provider was down"),
    ),
    "average_order_value": Stories(
        ("bundles sold at full price", "a few very large orders"),
        ("a voucher without a minimum amount", "samples were booked as orders"),
    ),
    "pipeline_value": Stories(
        ("a tender of a large chain was entered", "opportunities were entered twice"),
        ("old opportunities were closed in one go", "a large tender was lost"),
    ),
    "return_rate": Stories(
        ("a size chart was wrong", "a delivery arrived damaged"),
        ("the parcels that came back were not yet counted", "a product line with few returns sold out"),
    ),
    "marketing_spend": Stories(
        ("a year's booking was paid at once", "a campaign ran without its daily limit"),
        ("campaigns were paused by mistake", "an invoice is missing"),
    ),
    "website_visits": Stories(
        ("visits by robots were counted", "a mention on television"),
        ("the counter was missing on some pages", "the shop could not be reached for a day"),
    ),
    "new_customers": Stories(
        ("a referral programme started", "existing customers were counted as new"),
        ("the sign-up form was broken", "campaigns were paused by mistake"),
    ),
    "email_open_rate": Stories(
        ("a mail programme opened every message by itself", "a newsletter with a prize draw"),
        ("a newsletter ended in spam folders", "a newsletter went out at night"),
    ),
    "tickets_resolved": Stories(
        ("duplicates were closed in one go", "a second shift helped out"),
        ("the ticket system was down for a day", "half of the shift was ill"),
    ),
    "open_tickets": Stories(
        ("a faulty product led to many questions", "the ticket system was down for a day"),
        ("duplicates were closed in one go", "a second shift helped out"),
    ),
    "customer_satisfaction_score": Stories(
        ("only regular customers were asked", "an anniversary gift went out"),
        ("many parcels were late", "a price rise was announced"),
    ),
    "delivery_time": Stories(
        ("a strike at the carrier", "the warehouse moved"),
        ("most orders came from the city", "an express carrier was tried out"),
    ),
}


@dataclass(frozen=True)
class Series:
    """The readings of one KPI by one team in one region."""

    kpi: Kpi
    team: str | None
    region: str | None
    share: float
    """Level relative to the KPI's."""
    since: date = field(default=FIRST_WEEK)


def definitions() -> Definitions:
    """The company's teams, regions and KPIs as rows."""
    return Definitions(
        teams=[(team.name, team.department) for team in TEAMS],
        regions=[(region.name, region.country) for region in REGIONS],
        kpis=[(kpi.name, kpi.description, kpi.unit, kpi.category) for kpi in KPIS],
    )

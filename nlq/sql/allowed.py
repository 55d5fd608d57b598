"""What a statement may be made of. Whatever is not named here is refused."""

from collections.abc import Mapping

RELATIONS: Mapping[str, tuple[str, ...]] = {
    "nlq.kpi_values": (
        *("kpi_data_id", "kpi", "description", "unit", "category", "team", "department", "region", "country"),
        *("value", "timestamp", "year", "quarter", "month", "week"),
    ),
    "nlq.kpi_anomalies": (
        *("anomaly_id", "description", "severity", "detected_at", "kpi_data_id", "kpi", "unit", "category"),
        *("team", "department", "region", "country"),
        *("value", "timestamp", "year", "quarter", "month", "week"),
    ),
    "public.teams": ("id", "name", "department", "created_at"),
    "public.regions": ("id", "name", "country", "created_at"),
    "public.kpi_definitions": ("id", "name", "description", "unit", "category", "created_at"),
    "public.kpi_data": (
        *("id", "kpi_id", "team_id", "region_id", "value", "timestamp"),
        *("year", "quarter", "month", "week", "created_at"),
    ),
    "public.anomalies": ("id", "kpi_data_id", "description", "severity", "detected_at"),
}
"""The relations that questions may read, by schema and name, with their columns in order."""

UNQUALIFIED: Mapping[str, str] = {name.partition(".")[2]: name for name in RELATIONS}
"""The same relations by the name that the fixed search path finds them under."""


def _names(written: str) -> frozenset[str]:
    return frozenset(written.split())


AGGREGATES = _names(
    """
    avg count sum min max stddev stddev_pop stddev_samp variance var_pop var_samp
    bool_and bool_or every string_agg array_agg
    corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope
    regr_sxx regr_sxy regr_syy percentile_cont percentile_disc mode
    """
)

WINDOW_FUNCTIONS = _names(
    "row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value"
)

FUNCTIONS = (
    AGGREGATES
    | WINDOW_FUNCTIONS
    | _names(
        """
        abs ceil ceiling floor round trunc sign mod div power pow sqrt cbrt exp ln log log10
        width_bucket
        lower upper initcap length char_length character_length btrim ltrim rtrim trim
        substring substr left right position strpos like_escape starts_with split_part
        concat concat_ws to_char
        date_trunc date_part extract age to_date to_timestamp make_date make_interval timezone
        now date justify_days justify_interval isfinite
        array_length cardinality
        """
    )
)
"""Functions of `pg_catalog` that neither write, nor look outside the statement, nor blow up their input."""

LENGTHS = _names("length char_length character_length position strpos")
"""Functions whose result can stand where `substring` takes a number; with a text it would take a pattern."""

SERIES_FUNCTION = "generate_series"
"""The only function that may stand in FROM, with constant arguments."""

MAX_SERIES_ROWS = 10_000

OPERATORS = _names("+ - * / % ^ = <> < > <= >= || ~~ !~~ ~~* !~~*")
"""Names of operators; `!=` is parsed as `<>`, LIKE as `~~`, ILIKE as `~~*`."""

BETWEEN = frozenset({"BETWEEN", "NOT BETWEEN", "BETWEEN SYMMETRIC", "NOT BETWEEN SYMMETRIC"})

EXPRESSIONS = _names(
    """
    AEXPR_OP AEXPR_OP_ANY AEXPR_OP_ALL AEXPR_DISTINCT AEXPR_NOT_DISTINCT AEXPR_NULLIF AEXPR_IN
    AEXPR_LIKE AEXPR_ILIKE AEXPR_BETWEEN AEXPR_NOT_BETWEEN AEXPR_BETWEEN_SYM AEXPR_NOT_BETWEEN_SYM
    """
)

TYPES = _names(
    """
    int2 int4 int8 numeric float4 float8 text varchar bpchar bool date timestamp timestamptz time interval
    """
)
"""Types that a value may be cast to, by PostgreSQL's inner names; one array dimension is allowed too."""

MAX_TYPE_MODIFIER = 1000
"""Largest length or precision in a type: `char(1000000)` would pad every row to a megabyte."""

SQL_VALUES = _names(
    """
    SVFOP_CURRENT_DATE SVFOP_CURRENT_TIMESTAMP SVFOP_CURRENT_TIMESTAMP_N
    SVFOP_LOCALTIMESTAMP SVFOP_LOCALTIMESTAMP_N
    """
)
"""`current_date` and its kin; not `current_user` or `current_schema`."""

MAX_DEPTH = 50
"""Deepest nesting of nodes. The decoder of parse trees stops at 100 messages, about as deep, by itself."""

MAX_CONCATENATIONS = 20
"""Most `||`, `concat`, `concat_ws` and `string_agg`."""

MAX_CTES = 20

NODES: Mapping[str, frozenset[str]] = {
    "SelectStmt": _names(
        """
        distinct_clause target_list from_clause where_clause group_clause group_distinct having_clause
        window_clause values_lists sort_clause limit_offset limit_count limit_option with_clause
        op all larg rarg
        """
    ),
    "WithClause": _names("ctes"),
    "CommonTableExpr": _names("ctename aliascolnames ctematerialized ctequery"),
    "RangeVar": _names("schemaname relname inh relpersistence alias"),
    "RangeSubselect": _names("lateral subquery alias"),
    "RangeFunction": _names("lateral functions alias"),
    "JoinExpr": _names("jointype larg rarg using_clause quals"),
    "Alias": _names("aliasname colnames"),
    "ResTarget": _names("name val"),
    "SortBy": _names("node sortby_dir sortby_nulls"),
    "WindowDef": _names("name refname partition_clause order_clause frame_options start_offset end_offset"),
    "GroupingSet": _names("kind content"),
    "GroupingFunc": _names("args"),
    "ColumnRef": _names("fields"),
    "A_Star": frozenset(),
    "A_Const": _names("ival fval boolval sval isnull"),
    "Integer": _names("ival"),
    "Float": _names("fval"),
    "Boolean": _names("boolval"),
    "String": _names("sval"),
    "List": _names("items"),
    "A_Expr": _names("kind name lexpr rexpr rexpr_list_start rexpr_list_end"),
    "BoolExpr": _names("boolop args"),
    "NullTest": _names("arg nulltesttype"),
    "BooleanTest": _names("arg booltesttype"),
    "FuncCall": _names(
        "funcname args agg_order agg_filter over agg_within_group agg_star agg_distinct funcformat"
    ),
    "TypeCast": _names("arg type_name"),
    "TypeName": _names("names typmods typemod array_bounds"),
    "CaseExpr": _names("arg args defresult"),
    "CaseWhen": _names("expr result"),
    "CoalesceExpr": _names("args"),
    "MinMaxExpr": _names("op args"),
    "SubLink": _names("sub_link_type testexpr oper_name subselect"),
    "SQLValueFunction": _names("op typmod"),
    "A_ArrayExpr": _names("elements list_start list_end"),
    "RowExpr": _names("args row_format"),
    "A_Indirection": _names("arg indirection"),
    "A_Indices": _names("uidx"),
}
"""Every kind of node that a statement may hold, and the fields of it that may be set besides `location`."""

CONSTRUCTS: Mapping[str, str] = {
    "into_clause": "SELECT INTO",
    "locking_clause": "a locking clause such as FOR UPDATE",
    "recursive": "a recursive WITH",
    "RangeTableSample": "TABLESAMPLE",
    "ParamRef": "a parameter such as $1",
    "CollateClause": "COLLATE",
    "NamedArgExpr": "a named argument",
    "func_variadic": "VARIADIC",
    "is_natural": "a natural join",
    "catalogname": "a name with a database in front",
    "use_op": "ORDER BY ... USING",
    "ordinality": "WITH ORDINALITY",
    "is_rowsfrom": "ROWS FROM",
    "is_slice": "an array slice",
    "bsval": "a bit string",
    "InsertStmt": "INSERT",
    "UpdateStmt": "UPDATE",
    "DeleteStmt": "DELETE",
    "MergeStmt": "MERGE",
}
"""What people call the nodes and fields that are refused most often."""

"""What the report shows: one question to the published marts for each table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

#: The marts that the questions read.
MARTS = (
    "dim_currencies",
    "dim_networks",
    "dim_publishers",
    "fct_attribution_channels",
    "rpt_attribution_distance",
    "rpt_finance_reconciliation_nightly",
    "rpt_network_overlap",
    "rpt_operations_completeness",
    "rpt_path_lengths",
    "rpt_publisher_value",
    "rpt_reconciliation_totals",
    "rpt_top_paths",
    "rpt_work_list",
)

WORK_SHOWN = 15
PATHS_SHOWN = 15
PUBLISHERS_SHOWN = 25

Row = dict[str, Any]
Tables = dict[str, list[Row]]


def _told(amount: str) -> str:
    """The sum of what is not withheld; unknown where any of that is."""
    return f"case when count(*) filter (where {amount} is null and withheld_reason is null) = 0 then sum({amount}) end"


# Amounts are summed within one currency only, and a sum with an unknown part is unknown.
QUESTIONS = {
    "currencies": "select currency, minor_unit_digits as digits from dim_currencies",
    "accounts": """
        select c.network, coalesce(n.network_name, c.network) as network_name, c.account_id, c.completeness,
               c.withheld_reason, c.last_complete_window_end, c.open_windows, c.quarantined_rows
        from rpt_operations_completeness as c
        left join dim_networks as n on c.network = n.network
        where c.account_id is not null
        order by c.network, c.account_id
    """,
    "at_risk": """
        select risk_currency as currency, count(*) as records, sum(risk_amount) as amount
        from rpt_work_list
        where risk_amount is not null
        group by risk_currency
        order by risk_currency
    """,
    "deadlines": """
        select deadline_bucket, count(*) as records, count(*) - count(risk_amount) as records_without_amount,
               case when count(risk_amount) = count(risk_amount_reporting) then sum(risk_amount_reporting) end
                   as amount,
               min(act_by_at) as act_by_at, min(hours_left) as hours_left
        from rpt_work_list
        group by deadline_bucket
        order by min(work_rank)
    """,
    "work": f"""
        select w.work_rank, w.class, w.work_reason, w.work_step, w.record_id, w.account_id, w.shop, w.owner,
               w.difference_status, coalesce(n.network_name, w.network) as network_name,
               coalesce(p.publisher_name, w.publisher_id) as publisher_name, w.deadline_bucket, w.act_by_at,
               w.hours_left, w.risk_amount, w.risk_currency
        from rpt_work_list as w
        left join dim_networks as n on w.network = n.network
        left join dim_publishers as p on w.network = p.network and w.publisher_id = p.publisher_id
        where w.work_rank <= {WORK_SHOWN}
        order by w.work_rank
    """,
    "conversions": f"""
        select class, network_currency as currency, commission_currency, sum(records) as records,
               coalesce(sum(records) filter (where withheld_reason is not null), 0) as withheld,
               {_told("network_amount")} as amount, {_told("amount_difference")} as difference,
               {_told("commission_at_risk")} as at_risk, min(earliest_act_by_at) as act_by_at
        from rpt_finance_reconciliation_nightly
        where side = 'network'
        group by class, network_currency, commission_currency
        order by class, network_currency, commission_currency
    """,
    "orders": f"""
        select class, order_currency as currency, sum(records) as records,
               coalesce(sum(records) filter (where withheld_reason is not null), 0) as withheld,
               {_told("order_amount")} as amount
        from rpt_finance_reconciliation_nightly
        where side = 'order'
        group by class, order_currency
        order by class, order_currency
    """,
    "totals": """
        select side, currency, sum(records) as records, sum(records_in_classes) as records_in_classes,
               sum(unclassed_amount) as unclassed_amount
        from rpt_reconciliation_totals
        group by side, currency
        order by side, currency
    """,
    "credits": """
        select attribution_model, channel, credited_conversions as orders, credited_revenue_reporting as revenue
        from fct_attribution_channels
        order by attribution_model, channel
    """,
    # The newest span of each level, channels first.
    "distances": """
        select d.attribution_model, d.comparison_level as level, d.measured_from_date as first_day,
               d.measured_to_date - 1 as last_day, d.withheld_reason, d.span_orders as orders,
               d.compared_count as compared, d.distance_fraction as distance, d.scaled_distance_fraction as scaled,
               d.largest_difference_fraction as largest, d.largest_channel,
               coalesce(n.network_name, d.largest_network) as largest_network,
               coalesce(p.publisher_name, d.largest_publisher_id) as largest_publisher,
               d.not_measured_fraction as not_measured, d.spans
        from (
            select *, count(*) over (partition by attribution_model, comparison_level) as spans,
                   row_number() over (
                       partition by attribution_model, comparison_level
                       order by measured_to_date desc, measured_from_date desc
                   ) as age_rank
            from rpt_attribution_distance
        ) as d
        left join dim_networks as n on d.largest_network = n.network
        left join dim_publishers as p on d.largest_network = p.network and d.largest_publisher_id = p.publisher_id
        where d.age_rank = 1
        order by d.comparison_level, d.distance_fraction nulls last, d.scaled_distance_fraction nulls last,
                 d.attribution_model
    """,
    "lengths": """
        select touch_count, orders, journeys_without_order as journeys, conversion_rate,
               order_amount_reporting as amount
        from rpt_path_lengths
        order by touch_count
    """,
    "paths": f"""
        select path_rank, path, orders, journeys_without_order as journeys, conversion_rate,
               order_amount_reporting as amount
        from rpt_top_paths
        where path_rank <= {PATHS_SHOWN}
        order by path_rank
    """,
    # One model beside the bill: the first of these that the brand has.
    "publishers": f"""
        select v.attribution_model, v.network, coalesce(n.network_name, v.network) as network_name,
               coalesce(p.publisher_name, v.publisher_id) as publisher_name, v.credited_orders,
               v.credited_revenue_reporting as revenue, v.payout_under_model_reporting as pay,
               v.actual_bill_reporting as bill, v.payout_difference_reporting as difference,
               v.orders_touched, v.orders_begun, v.orders_assisted, v.orders_alone,
               v.withheld_reason is not null as is_withheld, count(*) over () as publishers
        from rpt_publisher_value as v
        left join dim_networks as n on v.network = n.network
        left join dim_publishers as p on v.network = p.network and v.publisher_id = p.publisher_id
        where v.attribution_model = (
            select attribution_model from rpt_publisher_value
            order by case attribution_model when 'markov' then 1 when 'shapley' then 2 when 'linear' then 3 else 4 end,
                     attribution_model
            limit 1
        )
        order by v.network is null desc, v.withheld_reason is not null, v.actual_bill_reporting desc nulls first,
                 v.payout_under_model_reporting desc, v.network, v.publisher_id
        limit {PUBLISHERS_SHOWN + 1}
    """,
    "overlap": """
        select coalesce(n.network_name, o.network) as network_name,
               coalesce(other.network_name, o.other_network) as other_name,
               o.orders_touched, o.order_amount_reporting as amount
        from rpt_network_overlap as o
        left join dim_networks as n on o.network = n.network
        left join dim_networks as other on o.other_network = other.network
        order by network_name, other_name
    """,
}


def read_tables(file: Path) -> Tables:
    """The answers by name, each a list of rows by column name; money is decimal, instants are UTC without a zone."""
    with duckdb.connect(str(file), read_only=True) as marts:
        return {name: _rows(marts.execute(question)) for name, question in QUESTIONS.items()}


def _rows(cursor: duckdb.DuckDBPyConnection) -> list[Row]:
    columns = [column[0] for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

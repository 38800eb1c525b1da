{# The columns that every network's staging model of an entity has, with their types. This is their only list. #}
{% macro canonical_columns(entity) -%}
    {%- set lineage = {'_page_id': 'varchar', '_load_id': 'varchar', '_run_id': 'varchar'} -%}
    {%- set amount = 'decimal(18, 6)' -%}
    {%- set entities = {
        'conversions': {
            'conversion_key': 'varchar', 'network': 'varchar', 'account_id': 'varchar', 'conversion_id': 'varchar',
            'order_id': 'varchar', 'publisher_id': 'varchar', 'publisher_name': 'varchar', 'conversion_type': 'varchar',
            'click_id': 'varchar', 'clicked_at': 'timestamp', 'occurred_at': 'timestamp', 'recorded_at': 'timestamp',
            'status_effective_at': 'timestamp', 'locks_at': 'timestamp', 'observed_at': 'timestamp',
            'status': 'varchar', 'lock_state': 'varchar', 'payment_state': 'varchar', 'row_kind': 'varchar',
            'raw_status': 'varchar', 'status_reason': 'varchar', 'is_amended': 'boolean', 'network_rows': 'integer',
            'sale_amount': amount, 'sale_currency': 'varchar', 'sale_currency_source': 'varchar',
            'previous_sale_amount': amount, 'tracked_amount': amount, 'tracked_currency': 'varchar',
            'publisher_commission': amount, 'publisher_commission_currency': 'varchar',
            'advertiser_cost': amount, 'advertiser_cost_currency': 'varchar',
            'network_fee': amount, 'network_fee_currency': 'varchar',
            'voucher_code': 'varchar', 'customer_type': 'varchar', 'country': 'varchar',
        },
        'conversion_events': {
            'event_id': 'varchar', 'conversion_key': 'varchar', 'network': 'varchar', 'account_id': 'varchar',
            'conversion_id': 'varchar', 'network_row_id': 'varchar', 'version_number': 'integer',
            'event_type': 'varchar', 'event_at': 'timestamp', 'observed_at': 'timestamp',
            'status': 'varchar', 'lock_state': 'varchar', 'payment_state': 'varchar', 'row_kind': 'varchar',
            'raw_status': 'varchar', 'status_reason': 'varchar',
            'sale_amount': amount, 'sale_amount_delta': amount, 'sale_currency': 'varchar',
            'publisher_commission': amount, 'publisher_commission_delta': amount,
            'publisher_commission_currency': 'varchar',
            'advertiser_cost': amount, 'advertiser_cost_delta': amount, 'advertiser_cost_currency': 'varchar',
        },
        'publishers': {
            'network': 'varchar', 'account_id': 'varchar', 'publisher_id': 'varchar', 'publisher_name': 'varchar',
            'primary_region': 'varchar', 'primary_type': 'varchar', 'is_listed': 'boolean', 'observed_at': 'timestamp',
        },
        'programmes': {
            'network': 'varchar', 'account_id': 'varchar', 'programme_id': 'varchar', 'programme_name': 'varchar',
            'currency': 'varchar', 'status': 'varchar', 'validation_days': 'integer', 'lock_rule': 'varchar',
            'observed_at': 'timestamp',
        },
        'clicks': {
            'network': 'varchar', 'account_id': 'varchar', 'click_id': 'varchar', 'programme_id': 'varchar',
            'publisher_id': 'varchar', 'clicked_at': 'timestamp', 'landing_url': 'varchar',
            'referrer_host': 'varchar', 'publisher_reference': 'varchar', 'device': 'varchar', 'country': 'varchar',
            'observed_at': 'timestamp',
        },
    } -%}
    {%- if entity == 'quarantine' -%}
        {{ return({
            'network': 'varchar', 'account_id': 'varchar', 'stream': 'varchar', 'record_key': 'varchar',
            'failed_checks': 'varchar', 'is_let_through': 'boolean', 'next_step': 'varchar',
            'first_seen_at': 'timestamp', 'last_seen_at': 'timestamp', 'released_at': 'timestamp',
            'page_id': 'varchar',
        }) }}
    {%- endif -%}
    {{ return(dict(entities[entity], **lineage)) }}
{%- endmacro %}


{# Entities that not every network offers; its entry in `networks` names those it has. #}
{% macro optional_entities() -%}
    {{ return(['programmes', 'clicks']) }}
{%- endmacro %}


{# What a tracker has staging models of, but no say in: it logs once more what the networks report. #}
{% macro entities_of_networks_alone() -%}
    {{ return(['conversions', 'conversion_events', 'publishers']) }}
{%- endmacro %}


{# Names of the networks whose staging model of the entity counts, all of them without one. #}
{% macro networks_with(entity=none) -%}
    {%- set names = [] -%}
    {%- for network in var('networks') -%}
        {%- for offered in network.get('offers', []) if offered not in optional_entities() -%}
            {%- do exceptions.raise_compiler_error(
                'vars: networks: ' ~ network.name ~ ' offers ' ~ offered ~ '; known are '
                ~ optional_entities() | join(', ') ~ '.') -%}
        {%- endfor -%}
        {%- set is_left_out = network.get('tracker', false) and entity in entities_of_networks_alone() -%}
        {%- if not is_left_out and (entity not in optional_entities() or entity in network.get('offers', [])) -%}
            {%- do names.append(network.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{# One entity of all networks, and of further staging sources; without any, no rows of the right types. #}
{% macro union_networks(entity, further=[]) -%}
    {%- set columns = canonical_columns(entity) -%}
select *
from (
    select
        {% for column, type in columns.items() -%}
        cast(null as {{ type }}) as {{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
) as no_rows
where 1 = 0
{%- for network in networks_with(entity) + further %}
union all
select
    {{ columns.keys() | join(',\n    ') }}
from {{ ref('stg_' ~ network ~ '__' ~ entity) }}
{%- endfor %}
{%- endmacro %}


{# The records of a source's streams that are held back, or let through with a flag. #}
{% macro quarantine_of(network, streams) -%}
{%- for stream in streams -%}
select
    '{{ network }}' as network,
    _account_id as account_id,
    '{{ stream }}' as stream,
    _key as record_key,
    failed_checks,
    -- A flagged record was let through; only a rejected one is missing from the numbers.
    coalesce(disposition, 'rejected') = 'flagged' as is_let_through,
    next_step,
    first_seen_at,
    last_seen_at,
    released_at,
    _page_id as page_id
from {{ source('quarantine', network ~ '__' ~ stream) }}
{% if not loop.last -%}
union all
{% endif -%}
{%- endfor -%}
{%- endmacro %}


{# The state of payment that a row of a status map gives, `is_paid` being what else the network says of it. #}
{% macro payment_state_of(words, is_paid) -%}
    case
        when {{ words }}.status is null then 'unknown'
        when {{ is_paid }} then {{ words }}.payment_state_if_paid
        else {{ words }}.payment_state
    end
{%- endmacro %}


{#
    Nothing of it is owed any more: reversed or deleted, or, where the network has no word for that, taken back by
    further rows to the last cent.
#}
{% macro is_void(c) -%}
    (
        coalesce({{ c }}.status, 'unknown') in ('reversed', 'deleted')
        or (
            coalesce({{ c }}.status, 'unknown') = 'untracked_status'
            and coalesce({{ c }}.network_rows, 1) > 1
            and coalesce({{ c }}.sale_amount, 0) = 0
            and coalesce({{ c }}.publisher_commission, 0) = 0
        )
    )
{%- endmacro %}

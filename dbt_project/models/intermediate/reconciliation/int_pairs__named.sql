{{ config(materialized='table') }}

with thresholds as (

    {{ matching_thresholds() }}

),

conversions as (

    select conversion_key, order_id, order_match_key, occurred_at
    from {{ ref('int_conversions__keyed') }}
    where order_match_key is not null

),

orders as (

    select order_key, order_id, order_match_key, ordered_at
    from {{ ref('int_orders__keyed') }}
    where order_match_key is not null

),

-- Two shops may use one number: the id written the same way wins, then the sale nearest in time.
by_key as (

    select
        c.conversion_key,
        o.order_key,
        case when c.order_id = o.order_id then 'exact_id' else 'normalised_id' end as match_rule,
        case when c.order_id = o.order_id then 1 else 2 end as rule_rank,
        coalesce(abs({{ dbt.datediff('c.occurred_at', 'o.ordered_at', 'second') }}), 0) as seconds_apart,
        c.order_id as told_id,
        o.order_id
    from conversions as c
    inner join orders as o on c.order_match_key = o.order_match_key

),

-- Ids that no order has as they stand: they may have been cut, or be part of a longer text.
strange as (

    select c.conversion_key, c.order_id, c.order_match_key, c.occurred_at
    from conversions as c
    left join by_key on c.conversion_key = by_key.conversion_key
    where by_key.conversion_key is null

),

cut as (

    select s.*, length(s.order_match_key) as key_length
    from strange as s
    inner join {{ source('config', 'order_id_cuts') }} as cuts on length(s.order_id) = cuts.cut_at

),

cut_lengths as (

    select distinct key_length from cut

),

order_starts as (

    select o.order_key, o.order_id, o.ordered_at, l.key_length, substr(o.order_match_key, 1, l.key_length) as id_start
    from orders as o
    inner join cut_lengths as l on length(o.order_match_key) > l.key_length

),

by_start as (

    select
        cut.conversion_key,
        o.order_key,
        'shortened_id' as match_rule,
        3 as rule_rank,
        0 as seconds_apart,
        cut.order_id as told_id,
        o.order_id
    from cut
    inner join order_starts as o on cut.key_length = o.key_length and cut.order_match_key = o.id_start
    cross join thresholds
    where
        abs({{ dbt.datediff('cut.occurred_at', 'o.ordered_at', 'second') }}) <= thresholds.named_within_days * 86400

),

words as (

    {{ words_of('strange', 'order_id', ['conversion_key', 'order_id', 'order_match_key', 'occurred_at']) }}

),

-- A quantity or a year is no id: a word counts with a digit and at least four signs.
word_keys as (

    select distinct
        conversion_key,
        order_id,
        occurred_at,
        {{ normalised_order_id('word') }} as word_key
    from words
    where word <> order_id

),

by_word as (

    select
        w.conversion_key,
        o.order_key,
        'id_in_text' as match_rule,
        4 as rule_rank,
        0 as seconds_apart,
        w.order_id as told_id,
        o.order_id
    from word_keys as w
    inner join orders as o on w.word_key = o.order_match_key
    cross join thresholds
    where
        length(w.word_key) >= 4
        and w.word_key <> regexp_replace(w.word_key, '[0-9]', ''{{ global_flag() }})
        and abs({{ dbt.datediff('w.occurred_at', 'o.ordered_at', 'second') }}) <= thresholds.named_within_days * 86400

),

pairs as (

    select * from by_key
    union all
    select * from by_start
    union all
    select * from by_word

),

ranked as (

    select *, rank() over (partition by conversion_key order by rule_rank, seconds_apart) as place from pairs

)

select
    conversion_key,
    order_key,
    cast(case when rule_rank = 1 then 1 else 2 end as integer) as match_pass,
    match_rule,
    cast(case rule_rank when 1 then 1.00 when 2 then 0.95 when 3 then 0.90 else 0.85 end as decimal(3, 2)) as match_score,
    case match_rule
        when 'exact_id' then 'the same id'
        when 'normalised_id' then told_id || ' is ' || order_id
        when 'shortened_id' then told_id || ' begins ' || order_id
        else order_id || ' in: ' || told_id
    end as match_evidence,
    cast(count(*) over (partition by conversion_key) as integer) as candidates
from ranked
where place = 1

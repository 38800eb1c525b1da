{#
    Expressions that TUNE's two conversion models share, on the status map as `words`: `conversions`, each row in its
    current version with its kind; `links`, which adjustment belongs to which conversion. An adjustment belongs to the
    one row of the same transaction, or without one of the same order, that has its goal and partner; where several
    could be meant, to none.
#}
{% macro tune_links(relation) -%}
current_rows as (

    {{ current_version(relation) }}

),

conversions as (

    select
        c.*,
        codes.row_kind as code_kind
    from current_rows as c
    left join words as codes on codes.raw_field = 'status_code' and lower(c.status_code) = lower(codes.raw_word)

),

links as (

    select
        adjustment._account_id,
        adjustment.tune_event_id,
        min(sale.tune_event_id) as conversion_id
    from conversions as adjustment
    inner join conversions as sale
        on
            adjustment._account_id = sale._account_id
            and adjustment.affiliate_id = sale.affiliate_id
            and adjustment.goal_id = sale.goal_id
            and (
                adjustment.ad_id = sale.ad_id
                or (adjustment.ad_id is null and adjustment.advertiser_info = sale.advertiser_info)
            )
            and coalesce(adjustment.advertiser_info, sale.advertiser_info, '') = coalesce(sale.advertiser_info, '')
    where adjustment.code_kind = 'adjustment' and sale.code_kind is null
    group by adjustment._account_id, adjustment.tune_event_id
    having count(*) = 1

)
{%- endmacro %}


{# Why a row has its state, in the words of TUNE's list of status codes; NULL for an ordinary conversion. #}
{% macro tune_reason(status_code) -%}
    case
        when {{ status_code }} = '11' then 'proxy'
        when {{ status_code }} = '12' then 'duplicate'
        when {{ status_code }} = '13' then 'no referrer'
        when {{ status_code }} = '14' then 'address not allowed'
        when {{ status_code }} = '15' then 'wrong protocol'
        when {{ status_code }} = '16' then 'pixel loop'
        when {{ status_code }} = '17' then 'daily cap'
        when {{ status_code }} = '18' then 'duplicate unique id'
        when {{ status_code }} = '19' then 'bad advertiser token'
        when {{ status_code }} in ('21', '22', '23') then 'test'
        when {{ status_code }} = '31' then 'waits for approval'
        when {{ status_code }} in ('41', '42', '43', '51') then null
        when {{ status_code }} = '52' then 'adjustment'
        when {{ status_code }} in ('61', '62', '63', '64', '65') then 'offer cap'
        when {{ status_code }} >= '81' and {{ status_code }} <= '99' then 'partner cap'
        else 'status code ' || {{ status_code }}
    end
{%- endmacro %}


{# An amount that counts: a rejected adjustment takes nothing back. #}
{% macro tune_amount(amount, code_kind, status) -%}
    case when {{ code_kind }} = 'adjustment' and {{ status }} = 'reversed' then 0 else {{ amount }} end
{%- endmacro %}

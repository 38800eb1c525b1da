{# Where a network takes back by further rows: more taken back than was ever sold is an error of somebody's. #}
{% test no_amount_is_negative(model, condition='1 = 1') %}

select conversion_key, sale_amount, publisher_commission
from {{ model }}
where {{ condition }} and (sale_amount < 0 or publisher_commission < 0)

{% endtest %}

{# Where rows of such a family are fully corrected: money that is left is a correction that has not arrived. #}
{% test nets_to_zero(model, condition) %}

select conversion_key, sale_amount, publisher_commission
from {{ model }}
where {{ condition }} and (sale_amount <> 0 or publisher_commission <> 0)

{% endtest %}

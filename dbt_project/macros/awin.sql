{# Commission and Awin's fee; NULL where the fee is not told. Whether advertiserCost holds the commission is not told. #}
{% macro awin_advertiser_cost() -%}
    case when network_fee_currency = commission_currency then {{ money('commission_amount + network_fee_amount') }} end
{%- endmacro %}

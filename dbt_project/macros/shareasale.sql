{# What ShareASale says of a transaction, as `field=word` of its status map: taken back before all else, else whether it
   is locked. Without a lock date, one that is not locked has no documented state. #}
{% macro shareasale_state(row) -%}
case
        when coalesce({{ row }}.voided, '0') <> '0' then 'voided=' || {{ row }}.voided
        when {{ row }}.lock_date is not null or {{ row }}.locked = '1' then 'locked=' || {{ row }}.locked
    end
{%- endmacro %}

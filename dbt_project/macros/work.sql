{# What somebody has to do about a finding, in a sentence. #}
{% macro next_step_of(class, reason) -%}
    case
        when {{ class }} = 'duplicate_claim'
            then 'Decline this conversion at its network: the order belongs to the claim that survived.'
        when {{ reason }} = 'no_such_order'
            then 'Look for the order in the shop; decline the conversion if nobody placed it.'
        when {{ reason }} = 'several_orders_fit'
            then 'Find out which of the orders it is, and have its id corrected; nothing is wrong with the commission yet.'
        when {{ reason }} = 'bonus_without_order'
            then 'Compare the bonus with what was promised to the publisher; decline it if nothing was.'
        when {{ reason }} = 'live_but_order_void'
            then 'Decline the conversion: its order was cancelled or given back.'
        when {{ reason }} = 'void_but_order_live'
            then 'Ask why it was declined, and have it approved: the order stands and the publisher is owed.'
        when {{ reason }} = 'network_higher'
            then 'Amend the sale down to the amount of the order.'
        when {{ reason }} = 'network_lower'
            then 'Amend the sale up to the amount of the order.'
        when {{ reason }} in ('currency_differs', 'currency_unknown', 'amount_unknown')
            then 'Find out which amount and currency the tag sent, and amend the sale.'
        when {{ class }} = 'missing_in_network'
            then 'Expect a claim of the publisher; look at the tag and the consent of this order.'
        when {{ reason }} = 'order_void'
            then 'Take the commission back: nothing is owed for an order that was cancelled or given back.'
        when {{ reason }} = 'voucher_not_authorised'
            then 'Decline the commission: this voucher was not given to the publisher.'
        when {{ reason }} = 'outside_click_window'
            then 'Decline the commission: the click is older than the term allows.'
        when {{ reason }} = 'cap_ignored'
            then 'Amend the commission down to the cap of the term.'
        when {{ reason }} in ('returning_paid_as_new', 'new_paid_as_returning')
            then 'Amend the commission to the rate for this kind of customer.'
        when {{ reason }} = 'wrong_tier'
            then 'Amend the commission to the tier that the publisher has reached.'
        when {{ reason }} = 'wrong_base'
            then 'Amend the commission to the agreed base, and correct what the tag sends.'
        when {{ reason }} in ('wrong_rate', 'bonus_differs', 'unexplained')
            then 'Compare the term with the settings of the programme, and amend the commission.'
        else 'Look at both records.'
    end
{%- endmacro %}

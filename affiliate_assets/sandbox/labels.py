"""What planted situations are called: the cause of a difference, why a commission is wrong, and what is suspicious."""

#: What a class says whatever the kind: an order may be missing only because its network dates it to tomorrow.
CAUSES_OF_CLASSES: dict[str, str] = {
    "matched": "no_difference",
    "not_affiliate": "no_difference",
    "not_yet_comparable": "too_early",
    "missing_in_network": "not_tracked",
}
#: Why a record of a kind differs, wherever it does.
CAUSES: dict[str, str] = {
    "tax_included": "tax_included",
    "shipping_included": "shipping_included",
    "tax_and_shipping_included": "tax_and_shipping_included",
    "discount_ignored": "discount_ignored",
    "gift_card_taken_off": "gift_card_taken_off",
    "line_left_out": "lines_left_out",
    "line_alone": "lines_left_out",
    "rounded_differently": "rounding",
    "reported_as_zero": "reported_as_zero",
    "refund_ignored": "refund_ignored",
    "refund_of_parts_ignored": "refund_ignored",
    "refund_netted_twice": "refund_taken_twice",
    "refund_netted_gross": "refund_taken_gross",
    "booked_in_other_currency": "currency_converted",
    "booked_at_other_rate": "currency_differs",
    "currency_label_wrong": "currency_label_wrong",
    "amount_in_other_currency": "amount_in_other_currency",
    "refunded_but_approved": "refund_not_taken_back",
    "refunded_but_pending": "refund_not_taken_back",
    "cancelled_but_pending": "cancellation_not_taken_back",
    "cancelled_but_approved": "cancellation_not_taken_back",
    "declined_but_paid": "declined_although_owed",
    "double_claim": "claimed_by_another_network",
    "double_claim_settled": "claimed_by_another_network",
    "double_claim_three": "claimed_by_another_network",
    "double_claim_voucher": "claimed_by_another_network",
    "double_publisher": "claimed_by_another_publisher",
    "double_pixel": "reported_twice",
    "double_back_button": "reported_twice",
    "double_batch": "reported_twice",
}
#: What a conversion without an order is called where it names an order, and where it names none.
ORDER_UNKNOWN, ORDER_ID_MISSING = "order_unknown", "order_id_missing"

#: Why the commission of a kind is wrong, wherever it is; of any other the amount is, that it is taken of.
REASONS: dict[str, str] = {
    "late_conversion": "outside_click_window",
    "wrong_rate": "wrong_rate",
    "wrong_tier": "wrong_tier",
    "cap_ignored": "cap_ignored",
    "unauthorised_voucher": "voucher_not_authorised",
    "returning_paid_as_new": "returning_paid_as_new",
    **dict.fromkeys(
        ("booked_in_other_currency", "booked_at_other_rate", "currency_label_wrong"),
        "currency_differs",
    ),
}

#: What is suspicious about a kind although both sides agree.
SIGNALS: dict[str, str] = {"self_referral": "self_referral", "last_second_takeover": "last_second_takeover"}

"""impact.com's changes of actions: modified or reversed by a form.

Choices where the description is silent: a change is worked off at once; one of an action that is unknown, approved or
reversed is queued all the same and comes to nothing.
"""

from decimal import Decimal, InvalidOperation

from affiliate_assets.sandbox.corrections import Desk
from affiliate_assets.sandbox.money import exponent
from affiliate_assets.sandbox.networks import impact_records as records
from affiliate_assets.sandbox.networks.impact_asking import invalid
from affiliate_assets.sandbox.people import digest
from affiliate_assets.sandbox.wire import Answer, Ask, to_json

_REVERSALS = {
    *("REJECTED", "CONS_INFO_INVALID", "CONS_ERROR", "CONS_FRAUD", "ITEM_RETURNED", "ITEM_OUT_OF_STOCK"),
    *("ORDER_ERROR", "PUB_ACT_DISPUTE", "NOT_COMPLIANCE_TERMS", "MP_RETURNED", "OTHER", "CREDITED_DIFFERENT_MP"),
    *("ADV_ACT_DISPUTE", "TEST_ACTION"),
}
_REASONS = (_REVERSALS - {"REJECTED", "CONS_INFO_INVALID", "MP_RETURNED"}) | {"ORDER_UPDATE", "PARTNER_NOT_ACTIVE"}


def change_action(sid: str, ask: Ask, at: int, desk: Desk) -> Answer:
    """Modify or reverse an action, or refuse the shape."""
    form = ask.form()
    reverses = ask.method == "DELETE"
    named = "DispositionCode" if reverses else "Reason"
    if form.get(named) not in (_REVERSALS if reverses else _REASONS):
        raise invalid(named, "Not a valid code")
    if not form.get("ActionId"):
        raise invalid("ActionId", "Required")
    if set(form) != {"ActionId", named} | (set() if reverses else {"Amount"}):
        raise invalid("ActionId", "Unknown parameters")
    try:
        amount = Decimal(form.get("Amount", "0"))
    except InvalidOperation:
        raise invalid("Amount", "Not a numeric value") from None
    number = form["ActionId"].rpartition(".")[2]
    found = desk.find(None, int(number), at) if number.isdecimal() else None
    if found is not None and records.action_id(found) == form["ActionId"] and found.status(at) == "pending":
        sale = int(amount.scaleb(exponent(found.programme.currency)))
        desk.take(found, "decline" if reverses or sale == 0 else "amend", at, None if reverses else sale, form[named])
    uri = f"/Advertisers/{sid}/APISubmissions/A-{digest('submission', form['ActionId'], len(desk.taken))}"
    return to_json({"Status": "QUEUED", "QueuedUri": uri})

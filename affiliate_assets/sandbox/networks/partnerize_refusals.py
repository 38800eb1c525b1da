"""Partnerize's answers to a wrong key pair and to a call too many."""

from affiliate_assets.sandbox.network import Breach
from affiliate_assets.sandbox.wire import Answer, Ask, to_json


def unauthorised(ask: Ask) -> Answer:
    """Return the refusal of a wrong key pair, in the form of the address's generation."""
    message = "Your 'User application key' and 'User API key' combination is invalid."
    if not ask.path.startswith("/v3/"):
        return to_json({"error": {"message": message, "type": "unauthorised"}}, 401)
    code = "39b4b7c2-e5b9-41b1-83d4-db3b23b5ebfa"
    error = {"property": "", "message": message, "code": code, "type": "unauthorised"}
    return to_json({"error": {"errors": [error], "message": "Unauthorized", "code": "401"}}, 401)


def too_many(breach: Breach) -> Answer:
    """Return the refusal of a call beyond the allowance."""
    answer = to_json({"error": {"message": "Too Many Requests", "type": "429"}}, 429)
    window = breach.window
    headers = {
        **answer.headers,
        "X-RateLimit-Limit": str(window.calls if window else 0),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(breach.wait),
        "X-RateLimit-Retry-After": str(breach.wait),
    }
    return Answer(429, answer.body, 0, headers)

"""CJ Affiliate, advertiser side of the GraphQL commission service. Sources: README.md beside this file."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from affiliate_assets.connectors.auth import BearerToken
from affiliate_assets.connectors.language import (
    Answer,
    ApiStream,
    Clock,
    Connector,
    OpenRecords,
    RateLimit,
    Request,
    Window,
)
from affiliate_assets.connectors.paging import BodyCursor
from affiliate_assets.errors import AffiliateError, BrokenAnswer, ContractError, CredentialRefused, RetryableError
from affiliate_assets.http.answers import snippet
from affiliate_assets.networks.cj.corrections import CORRECTIONS
from affiliate_assets.networks.cj.schema import COMMISSION_FIELDS, COMMISSIONS

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_CLOCKS = {"posting": "PostingDate", "locking": "LockingDate"}
_SELECTION = " ".join(sorted(COMMISSION_FIELDS))


def _query(account_id: str, arguments: list[str]) -> Request:
    listed = ", ".join([f'forAdvertisers: ["{account_id}"]', *arguments])
    query = (
        f"{{ advertiserCommissions({listed}) "
        f"{{ count limit maxCommissionId payloadComplete records {{ {_SELECTION} }} }} }}"
    )
    return Request("POST", "query", json={"query": query})


def _commissions(account_id: str, window: Window, cursor: str | None) -> Request:
    arguments = []
    if window.keys:
        arguments.append("commissionIds: [" + ", ".join(f'"{key}"' for key in window.keys) + "]")
    elif window.start and window.end and window.clock:
        clock = _CLOCKS[window.clock]
        arguments.append(f'since{clock}: "{window.start.strftime(_TIME)}"')
        arguments.append(f'before{clock}: "{window.end.strftime(_TIME)}"')
    if cursor is not None:
        arguments.append(f'sinceCommissionId: "{cursor}"')
    return _query(account_id, arguments)


def _probe(account_id: str) -> Request:
    return _query(account_id, ['commissionIds: ["0"]'])


class _Errors(msgspec.Struct):
    errors: list[dict[str, object]] | None = None


def _problem(answer: Answer) -> AffiliateError | None:
    """GraphQL reports errors with status 200; such an answer is never an empty window."""
    if answer.status != 200:
        return None
    try:
        errors = msgspec.json.decode(answer.body, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError):
        return BrokenAnswer(
            f"CJ answered 200 with something that is not GraphQL JSON: {snippet(answer.body)}.",
            next_step="run again later; if it stays, compare the answer with the service's reference.",
        )
    if not errors:
        return None
    message = snippet("; ".join(str(error.get("message")) for error in errors).encode())
    if "not defined" in message or "alidation error" in message:
        return ContractError(f"CJ refuses the query: {message}.", next_step="compare the query with CJ's schema.")
    if "not auth" in message.lower():
        return CredentialRefused(
            f"CJ refuses the credential: {message}.",
            next_step="check the personal access token and that its user may see this company id, then run again.",
        )
    return RetryableError(
        f"CJ answered with errors: {message}.",
        next_step="run again later; if it stays, show CJ this message.",
    )


CONNECTOR = Connector(
    slug="cj",
    title="CJ Affiliate",
    base_url="https://commissions.api.cj.com",
    auth=BearerToken(),
    # Published for the REST services only; the same ceiling is kept for GraphQL.
    limits=(RateLimit(25, timedelta(minutes=1)),),
    probe=_probe,
    problem=_problem,
    correction="extra_rows",
    lock_rule="locks on the 11th of the following month at 2 a.m. Pacific, and may be put off once by a month",
    needs_currency=True,
    owner="team:affiliate-data",
    docs_url="https://developers.cj.com",
    corrections=CORRECTIONS,
    streams=(
        ApiStream(
            name="commissions",
            description="One commission row: a sale, or one row of its correction chain.",
            request=_commissions,
            paging=BodyCursor(
                envelope=("data", "advertiserCommissions"),
                records="records",
                complete="payloadComplete",
                cursor="maxCommissionId",
                count="count",
            ),
            key=("commissionId",),
            allowed=COMMISSION_FIELDS,
            schema=COMMISSIONS,
            clocks=(
                Clock("posting", "posting_date", "new rows and corrections", timedelta(days=3)),
                Clock("locking", "locking_date", "locked since", timedelta(days=3)),
            ),
            # No cap is published for GraphQL, but wide windows end in 504.
            max_span=timedelta(days=30),
            shortest_span=timedelta(hours=1),
            # extended → new dates and validation words move without any clock.
            open_records=OpenRecords("action_status", frozenset({"new", "extended"}), timedelta(0), keys_per_call=100),
        ),
    ),
)

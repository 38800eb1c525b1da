"""Awin-shaped pages over loopback HTTP, rendered before the first request: `python -m benchmarks.server ROWS`.

`GET /?cursor=N` answers `{"next": "N+1" or null, "records": […]}`. Prints its port on standard output. Records have
the field names and shapes of Awin's reference; their values are invented and the same on every machine.
"""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import msgspec
import uvicorn

PAGE_ROWS = 1_000
# Pages repeat the values of so many rendered ones; ids, order numbers and click references differ everywhere.
RENDERED_PAGES = 10
# Stands for the page in a rendered body, in a place of fixed width, so that serving is one replacement.
_PAGE = b"@@@@@"
_TIME = "%Y-%m-%dT%H:%M:%S"
_encoder = msgspec.json.Encoder(decimal_format="number")


def page_count(rows: int) -> int:
    return -(-rows // PAGE_ROWS)


def _record(draw: random.Random, number: int) -> bytes:
    """One transaction of about 1.2 kB; `id` comes first and carries the page."""
    page = _PAGE.decode()
    sale = Decimal(draw.randint(500, 40_000)).scaleb(-2)
    commission = (sale * Decimal("0.07")).quantize(Decimal("0.01"))
    sold_at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=draw.randrange(60 * 86_400))
    lapse = draw.randrange(20 * 86_400)
    status = draw.choices(("pending", "approved", "declined"), (50, 43, 7))[0]
    decided = None if status == "pending" else sold_at + timedelta(days=30)
    publisher = draw.randrange(2_000)
    site = f"https://www.publisher-{publisher}.example"
    voucher = f"SAVE{draw.randrange(50)}" if draw.random() < 0.2 else None
    record = {
        "url": f"{site}/reviews/{draw.randrange(10_000)}",
        "advertiserId": 71204,
        "publisherId": 300_000 + publisher,
        "commissionSharingPublisherId": None,
        "campaign": draw.choice(("autumn", "newsletter", None)),
        "siteName": f"Publisher {publisher}",
        "commissionStatus": status,
        "commissionAmount": {"amount": commission, "currency": "GBP"},
        "saleAmount": {"amount": sale, "currency": "GBP"},
        "networkFee": {"amount": commission * Decimal("0.3"), "currency": "GBP"},
        "ipHash": str(draw.getrandbits(60)),
        "customerCountry": draw.choice(("GB", "IE", "DE")),
        "clickRefs": {"clickRef": f"{page}-{draw.getrandbits(48):012x}"},
        "clickDate": f"{sold_at - timedelta(seconds=lapse):{_TIME}}",
        "transactionDate": f"{sold_at:{_TIME}}",
        "validationDate": decided and f"{decided:{_TIME}}",
        "type": "Commission group transaction",
        "declineReason": "Returned" if status == "declined" else None,
        "voucherCodeUsed": voucher is not None,
        "voucherCode": voucher,
        "lapseTime": lapse,
        "amended": False,
        "amendReason": None,
        "oldSaleAmount": None,
        "oldCommissionAmount": None,
        "clickDevice": draw.choice(("iPhone", "Windows", "Android Mobile")),
        "transactionDevice": draw.choice(("iPhone", "Windows", "Macintosh")),
        "customerAcquisition": draw.choice(("NEW", "RETURNING")),
        "publisherUrl": site,
        "advertiserCountry": "GB",
        "orderRef": f"ORD-{page}{number:05d}",
        "customParameters": [],
        "transactionParts": [
            {
                "commissionGroupId": 90211,
                "commissionGroupCode": "DEFAULT",
                "amount": sale,
                "commissionAmount": commission,
            }
        ],
        "paidToPublisher": False,
        "paymentId": 0,
        "transactionQueryId": 0,
        "trackedCurrencyAmount": None,
        "originalSaleAmount": None,
    }
    return b'{"id":1%s%05d,' % (_PAGE, number) + _encoder.encode(record)[1:]


def rendered_pages() -> list[list[bytes]]:
    draw = random.Random(7)
    return [[_record(draw, number) for number in range(PAGE_ROWS)] for _ in range(RENDERED_PAGES)]


def _app(rows: int) -> Callable[..., Awaitable[None]]:
    pages = rendered_pages()
    whole = [b"[" + b",".join(records) + b"]" for records in pages]

    def body_of(page: int) -> bytes:
        left = rows - page * PAGE_ROWS
        body = whole[page % RENDERED_PAGES]
        if left < PAGE_ROWS:
            body = b"[" + b",".join(pages[page % RENDERED_PAGES][: max(left, 0)]) + b"]"
        following = b'"%d"' % (page + 1) if left > PAGE_ROWS else b"null"
        return b'{"next":%s,"records":%s}' % (following, body.replace(_PAGE, b"%05d" % page))

    async def app(scope: dict[str, Any], receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        body = body_of(int(parse_qs(scope["query_string"].decode()).get("cursor", ["0"])[0]))
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def main(rows: int) -> None:
    app = _app(rows)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # From here on a caller waits instead of being refused.
        listener.listen()
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(int(sys.argv[1]))

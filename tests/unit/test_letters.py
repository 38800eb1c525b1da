"""Questions that got no usable answer, kept until a later answer settles them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from affiliate_assets.connectors.planning import Span
from tests.conftest import FIRST_MORNING, Brand

from .acme import DAY, MORNING, TOKEN, AcmeBrand
from .support import Scripted

PERSON = "Jane.Doe-1987"
HTML = Scripted(200, f"<html>Dear {PERSON}, sign in</html>".encode(), (("Content-Type", "text/html"),))


def fail(acme: AcmeBrand, answer: Scripted | None, day: str = "2026-02-20") -> None:
    acme.network.instead = lambda path: answer if f"start={day}" in path else None


def letters(acme: AcmeBrand, columns: str) -> list[tuple[Any, ...]]:
    return acme.query(f"select {columns} from ops.dead_letters order by first_seen_at, page")


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def test_a_page_without_a_usable_answer_is_kept_with_its_question_and_a_masked_sample(acme: AcmeBrand) -> None:
    fail(acme, HTML)
    before = now()
    acme.pull()
    ((network, account, stream, window, page, reason, status, kind, size, digest, times),) = letters(
        acme,
        "network, account_id, stream, window_id, page, reason, status, content_type, bytes, sha256, times",
    )
    assert (network, account, stream, page, reason, status) == ("acme", "A1", "sales", 1, "body", 200)
    assert (kind, size, times) == ("text/html", len(HTML.body), 1)
    assert digest == hashlib.sha256(HTML.body).hexdigest()
    assert acme.query(f"select status, window_start::varchar from ops.windows where window_id = '{window}'") == [
        ("incomplete", "2026-02-20 00:00:00")
    ]
    ((request, sample, message, first, last, resolved),) = letters(
        acme, "request, masked_sample, message, first_seen_at, last_seen_at, resolved_at"
    )
    asked = json.loads(request)
    assert (asked["method"], asked["path"]) == ("GET", "A1/sales")
    assert asked["params"]["start"].startswith("2026-02-20")
    assert sample == "<xxxx>Xxxx Xxxx.Xxx-9999, xxxx xx</xxxx>"
    assert "JSON array" in message
    assert before <= first == last <= now()
    assert resolved is None


def test_no_letter_holds_the_token_or_a_value_of_the_answer(acme: AcmeBrand) -> None:
    body = json.dumps({"error": f"token {TOKEN} of {PERSON}"}).encode()
    fail(acme, Scripted(400, body))
    acme.pull()
    ((letter,),) = acme.query("select dead_letters::varchar from ops.dead_letters")
    assert TOKEN not in letter
    ((sample,),) = letters(acme, "masked_sample")
    assert "Jane" not in sample
    landed = b"".join(path.read_bytes() for path in acme.settings.landing.rglob("window.json"))
    assert TOKEN.encode() not in landed


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Scripted(500, b"down"), "server"),
        (Scripted(504, b""), "timeout"),
        (Scripted(429, b""), "limit"),
        (Scripted(400, b"no"), "refused"),
        (Scripted(401, b"no"), "auth"),
        (Scripted(200, b"[1]"), "body"),
    ],
)
def test_each_letter_says_why_in_a_word_and_with_the_status(acme: AcmeBrand, answer: Scripted, reason: str) -> None:
    acme.connector = _patient(acme)
    fail(acme, answer)
    acme.pull()
    assert letters(acme, "reason, status, times") == [(reason, answer.status, 1)]


def _patient(acme: AcmeBrand) -> Any:
    pulls = acme.settings.pulls.model_copy(update={"attempts": 1})
    acme.settings = acme.settings.model_copy(update={"pulls": pulls})
    return acme.connector


def test_a_question_that_fails_night_after_night_is_one_letter_that_counts(acme: AcmeBrand) -> None:
    fail(acme, HTML)
    acme.pull()
    ((first, last),) = letters(acme, "first_seen_at, last_seen_at")
    for night in (1, 2):
        acme.pull(MORNING + night * DAY)
    ((times, kept, latest, resolved),) = letters(acme, "times, first_seen_at, last_seen_at, resolved_at")
    assert (times, kept, resolved) == (3, first, None)
    assert latest > last
    newest = acme.query("select window_id from ops.windows where status = 'incomplete'")
    assert letters(acme, "window_id") == newest
    # Loading the same windows again counts nothing up.
    fail(acme, None)
    acme.pull(MORNING + 2 * DAY, requested=Span(MORNING - 15 * DAY, MORNING - 14 * DAY), follow_changes=False)
    assert letters(acme, "times, resolved_at") == [(3, None)]


def test_a_letter_is_settled_when_its_span_is_read_later_and_opens_again_with_its_first_sight(acme: AcmeBrand) -> None:
    fail(acme, HTML)
    acme.pull()
    fail(acme, None)
    assert acme.pull(MORNING + DAY).problems == ()
    ((first, resolved),) = letters(acme, "first_seen_at, resolved_at")
    assert resolved is not None
    assert resolved > first
    fail(acme, HTML)
    days = Span(datetime(2026, 2, 20, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
    acme.pull(MORNING + DAY, requested=days, follow_changes=False)
    assert letters(acme, "times, first_seen_at, resolved_at") == [(2, first, None)]


def test_an_answer_that_came_after_a_retry_leaves_no_letter(acme: AcmeBrand) -> None:
    answers = [HTML]
    acme.network.instead = lambda path: answers.pop() if answers else None
    assert acme.pull().problems == ()
    assert letters(acme, "reason") == []


def test_a_connection_that_brought_no_answer_leaves_no_letter(brand: Brand) -> None:
    brand.sandbox.inject("awin", "reset_before", times=100)
    pulls = brand.settings.pulls.model_copy(update={"attempts": 1})
    brand.settings = brand.settings.model_copy(update={"pulls": pulls})
    assert brand.pull("awin", FIRST_MORNING).problems
    assert brand.query("select count(*) from ops.dead_letters") == [(0,)]


@pytest.mark.parametrize("kind", ["echo_200", "echo_400", "echo_500"])
def test_an_answer_that_repeats_the_token_brings_it_into_no_letter_and_no_manifest(brand: Brand, kind: str) -> None:
    brand.sandbox.inject("cj", kind, times=100)
    pulls = brand.settings.pulls.model_copy(update={"attempts": 1})
    brand.settings = brand.settings.model_copy(update={"pulls": pulls})
    night = brand.pull("cj", FIRST_MORNING)
    token = brand.sandbox.token("cj")
    assert brand.query("select count(*) > 0 from ops.dead_letters") == [(True,)]
    tables = brand.query("select schema_name || '.' || table_name from duckdb_tables()")
    for (table,) in tables:
        assert token not in str(brand.query(f"select * from {table}"))
    for path in brand.settings.landing.rglob("*"):
        assert not path.is_file() or token.encode() not in path.read_bytes()
    assert token not in str(night.problems)

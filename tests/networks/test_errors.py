"""Every form in which a network says no becomes the right exception, and no broken answer an empty window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from affiliate_assets import errors
from affiliate_assets.connectors.language import Answer, Connector
from affiliate_assets.connectors.paging import WholeWindow, allowed_fields
from affiliate_assets.errors import AffiliateError, CredentialRefused, NetworkStopped, RateLimited, RetryableError
from affiliate_assets.http.answers import problem_of
from tests.networks.cases import CONNECTORS, Pull, cases_of, error_answer, per_network, per_stream, stream_of
from tests.networks.playing import play, script_of, stage
from tests.unit.support import Scripted

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def raised(connector: Connector, answer: Answer, pull: Pull) -> AffiliateError | None:
    """What the client makes of an answer to the first question of a pull."""
    problem = problem_of(answer, connector)
    if problem is not None:
        return problem
    stream = connector.stream(pull.stream)
    account_id = pull.account_id or cases_of(connector.slug).accounts[0].account_id
    try:
        if stream.job is None:
            stream.agrees(stream.request(account_id, pull.question(), None), answer)
        page = stream.paging.page(answer.body, None)
        page.verify(allowed_fields(stream.allowed, stream.dropped).lines(page.records).records)
    except AffiliateError as error:
        return error
    return None


@per_network
def test_every_documented_error_form_becomes_its_exception(slug: str) -> None:
    cases, connector = cases_of(slug), CONNECTORS[slug]
    for form in cases.errors:
        pull = next(pull for pull in cases.pulls if form.stream in (None, pull.stream))
        problem = raised(connector, error_answer(slug, form), pull)
        assert problem is not None, form.file
        assert type(problem) is getattr(errors, form.raises), (form.file, repr(problem))
        assert problem.what
        assert problem.next_step


@per_network
def test_a_pause_is_as_long_as_the_network_asks_for(slug: str) -> None:
    cases, connector = cases_of(slug), CONNECTORS[slug]
    for form in cases.errors:
        pull = next(pull for pull in cases.pulls if form.stream in (None, pull.stream))
        problem = raised(connector, error_answer(slug, form), pull)
        assert getattr(problem, "retry_after", None) == form.retry_after, form.file


@per_network
def test_a_refused_credential_a_limit_and_another_refusal_are_among_the_samples(slug: str) -> None:
    kinds = {form.raises for form in cases_of(slug).errors}
    assert {"CredentialRefused", "RateLimited"} <= kinds
    assert len(kinds) > 2


@per_network
def test_every_exception_of_the_samples_is_one_of_the_tree(slug: str) -> None:
    for form in cases_of(slug).errors:
        assert issubclass(getattr(errors, form.raises), AffiliateError)


def status(connector: Connector, code: int, **headers: str) -> AffiliateError | None:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return problem_of(Answer(code, told, b'{"message": "made up"}', NOON), connector)


@per_network
def test_the_statuses_of_a_limit_are_a_limit_and_its_pause_is_read(slug: str) -> None:
    connector = CONNECTORS[slug]
    for code in connector.limit_statuses:
        problem = status(connector, code, retry_after="17")
        assert isinstance(problem, RateLimited), code
        assert problem.retry_after == 17
        dated = status(connector, code, retry_after="Fri, 20 Nov 2026 12:01:30 GMT")
        assert isinstance(dated, RateLimited)
        assert dated.retry_after == 90


@per_network
@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_a_network_that_is_out_of_order_is_asked_again_later(slug: str, code: int) -> None:
    assert isinstance(status(CONNECTORS[slug], code), RetryableError)


@per_network
def test_401_refuses_the_credential(slug: str) -> None:
    assert isinstance(status(CONNECTORS[slug], 401), CredentialRefused)


@per_network
@pytest.mark.parametrize("code", [400, 404, 410, 422])
def test_a_question_that_is_refused_is_not_repeated(slug: str, code: int) -> None:
    assert isinstance(status(CONNECTORS[slug], code), NetworkStopped | RateLimited)


@per_network
@pytest.mark.parametrize("code", [204, 301, 302, 418])
def test_an_undocumented_status_is_never_an_answer(slug: str, code: int) -> None:
    pull = cases_of(slug).pulls[0]
    assert raised(CONNECTORS[slug], Answer(code, {}, b"", None), pull) is not None


_HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon.</body></html>"
_BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "an empty body": lambda body: b"",
    "white space": lambda body: b"  \n",
    "a page for people": lambda body: _HTML,
    "half an answer": lambda body: body[: len(body) // 2],
    "an answer without its end": lambda body: body.rstrip()[:-1],
    "another encoding": lambda body: body.decode("utf-8").encode("utf-16"),
    "the text null": lambda body: b"null",
    "a number": lambda body: b"7",
    "an object of nothing known": lambda body: b'{"unexpected": {"shape": true}}',
    "a list of no records": lambda body: b'["unexpected", 1]',
}


@per_stream
@pytest.mark.parametrize("how", _BROKEN)
def test_a_broken_answer_is_refused_and_kept_as_a_dead_letter(slug: str, name: str, how: str, tmp_path: Path) -> None:
    """Whatever comes with 200 in place of a page that holds records, the window stays open."""
    pull = max(cases_of(slug).pulls_of(name), key=lambda entry: entry.accepted)
    before = len(script_of(slug, pull)) - len(pull.pages)
    with stage(slug) as on:
        on.script = script_of(slug, pull)
        on.change = lambda number, body: _BROKEN[how](body) if number == before else body
        manifest = play(on, pull, tmp_path)
    assert manifest.status in ("incomplete", "failed")
    assert manifest.records == 0
    assert manifest.message
    assert "Next:" in manifest.message
    (letter,) = manifest.dead_letters
    assert letter.reason in ("body", "contract", "server", "limit", "refused", "auth")
    assert letter.status == 200


@per_stream
def test_an_error_of_every_form_leaves_the_window_open(slug: str, name: str, tmp_path: Path) -> None:
    pull = max(cases_of(slug).pulls_of(name), key=lambda entry: entry.accepted)
    for number, form in enumerate(cases_of(slug).errors):
        answer = error_answer(slug, form)
        # The pause that a limit asks for holds everything of its credential, so each form has a folder of its own.
        if form.stream in (None, name) and getattr(errors, form.raises) is not errors.WindowTooLarge:
            with stage(slug) as on:
                headers = tuple((key.title(), value) for key, value in answer.headers.items() if key != "date")
                on.script, on.endless = [Scripted(answer.status, answer.body, headers)], True
                manifest = play(on, pull, tmp_path / str(number))
            # Abandoned: shorter windows stand in for it.
            assert manifest.status in ("incomplete", "failed", "abandoned"), form.file
            assert manifest.records == 0


@per_stream
def test_the_first_answer_of_nothing_but_records_is_no_error(slug: str, name: str) -> None:
    from tests.networks.cases import sample

    for pull in cases_of(slug).pulls_of(name):
        answer = Answer(200, {}, sample(slug, pull.files[0].file), None)
        assert problem_of(answer, CONNECTORS[slug]) is None
        assert isinstance(stream_of(slug, name).paging, WholeWindow) or pull.files

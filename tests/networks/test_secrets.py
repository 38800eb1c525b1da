"""A secret goes where the declaration says and nowhere else; personal values go nowhere."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

import zstandard

from affiliate_assets.connectors.auth import Basic, BearerToken, HeaderKeys, OAuth2, QueryKeys, SessionLogin
from tests.networks.cases import CONNECTORS, cases_of, per_network, per_stream
from tests.networks.mutants import CANARY, Judged
from tests.networks.playing import SESSION, Hit, Played, play, secret_of, stage
from tests.unit.support import Scripted


def secrets(slug: str) -> list[str]:
    auth = CONNECTORS[slug].auth
    values = [secret_of(slug, name) for name in auth.secrets]
    if isinstance(auth, Basic):
        password = "" if auth.password is None else secret_of(slug, auth.password)
        values.append(base64.b64encode(f"{secret_of(slug, auth.username)}:{password}".encode()).decode())
    if isinstance(auth, OAuth2 | SessionLogin):
        values.append(SESSION)
    return values


def written(folder: Path) -> bytes:
    """Everything below a folder, pages unpacked."""
    found = b""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            found += zstandard.ZstdDecompressor().decompress(content) if path.suffix == ".zst" else content
    return found


def session_in(auth: SessionLogin, hit: Hit) -> object:
    """What stands in the body where the declaration puts its session; None without such a place."""
    if not auth.within or not hit.body:
        return None
    first, *below = auth.within
    form = "form" in {name.lower(): value for name, value in hit.headers.items()}.get("content-type", "")
    found = dict(parse_qsl(hit.body.decode()))[first] if form else json.loads(hit.body)[first]
    for number, name in enumerate(below):
        found = (json.loads(found) if form and number == 0 else found)[name]
    return found


def without_proof(slug: str, hit: Hit) -> str:
    """The request without the place where the declaration puts its proof."""
    auth, headers, path = CONNECTORS[slug].auth, dict(hit.headers), hit.path
    proof = {"authorization"} if isinstance(auth, BearerToken | Basic | OAuth2) else set()
    if isinstance(auth, HeaderKeys):
        proof = {name.lower() for name in auth.headers}
    body = hit.body
    if isinstance(auth, SessionLogin):
        proof = set() if auth.within else {auth.header.lower()}
        body = body.replace(SESSION.encode(), b"", 1) if session_in(auth, hit) == SESSION else body
    if isinstance(auth, QueryKeys):
        start, _, query = path.partition("?")
        kept = [part for part in query.split("&") if unquote(part.partition("=")[0]) not in auth.parameters]
        path = f"{start}?{'&'.join(kept)}"
    left = {name: value for name, value in headers.items() if name.lower() not in proof}
    return unquote(Hit(hit.method, path, left, body).text)


@per_network
def test_every_question_carries_the_proof(slug: str, played: Played) -> None:
    auth = CONNECTORS[slug].auth
    for hit in (hit for hits in played.hits for hit in hits):
        headers = {name.lower(): value for name, value in hit.headers.items()}
        if isinstance(auth, BearerToken):
            assert headers["authorization"] == f"Bearer {secret_of(slug, auth.secret)}"
        elif isinstance(auth, Basic):
            assert headers["authorization"] == f"Basic {secrets(slug)[-1]}"
        elif isinstance(auth, HeaderKeys):
            for name, key in auth.headers.items():
                assert headers[name.lower()] == auth.prefixes.get(name, "") + secret_of(slug, key)
        elif isinstance(auth, QueryKeys):
            for name, key in auth.parameters.items():
                assert f"{quote(name, safe='')}={quote(secret_of(slug, key), safe='')}" in hit.path
        elif isinstance(auth, OAuth2):
            assert headers["authorization"] == f"Bearer {SESSION}"
        elif isinstance(auth, SessionLogin) and auth.within:
            assert session_in(auth, hit) == SESSION
        elif isinstance(auth, SessionLogin):
            assert headers[auth.header.lower()] == f"{auth.prefix}{SESSION}"


@per_network
def test_no_secret_goes_anywhere_else(slug: str, played: Played) -> None:
    for hit in (hit for hits in played.hits for hit in hits):
        text = without_proof(slug, hit)
        assert not any(secret in text for secret in secrets(slug))


@per_network
def test_a_login_happens_once_where_there_is_one(slug: str, played: Played) -> None:
    logs_in = isinstance(CONNECTORS[slug].auth, OAuth2 | SessionLogin)
    # Accounts that share a credential share its session.
    assert len(played.logins) == (1 if logs_in else 0)


@per_network
def test_no_secret_lands_or_is_loaded(slug: str, played: Played) -> None:
    everything = written(played.folder)
    assert len(everything) > 1000
    for secret in secrets(slug):
        assert secret.encode() not in everything
        assert quote(secret, safe="").encode() not in everything


@per_network
def test_no_secret_is_logged(slug: str, played: Played) -> None:
    from affiliate_assets.secrets import redact

    ours = [line for line in played.log.splitlines() if "HTTP" not in line]
    assert not any(secret in line for secret in secrets(slug) for line in ours)
    assert not any(secret in redact(played.log) for secret in secrets(slug))


@per_network
def test_no_secret_is_in_a_dead_letter_or_a_message(slug: str, tmp_path: Path) -> None:
    """A network that repeats the secret in its refusal does not bring it onto the disk."""
    pull = cases_of(slug).pulls[0]
    for code in (200, 400, 401, 500):
        with stage(slug) as on:
            echoed = f"<html>{' '.join(secrets(slug))}</html>".encode()
            on.script, on.endless = [Scripted(code, echoed)], True
            manifest = play(on, pull, tmp_path / str(code))
        assert manifest.status in ("incomplete", "failed")
    everything = written(tmp_path)
    assert b"dead_letters" in everything
    for secret in secrets(slug):
        assert secret.encode() not in everything


@per_network
def test_a_question_shows_no_secret_before_it_is_sent(slug: str, tmp_path: Path) -> None:
    from tests.networks.playing import client_of

    cases, connector = cases_of(slug), CONNECTORS[slug]
    with stage(slug) as on:
        client = client_of(on, tmp_path, cases.accounts[0].account_id)
    shown = f"{connector!r} {client!r} {client.account!r} {connector.probe(client.account.account_id)!r}"
    for pull in cases.pulls:
        stream = connector.stream(pull.stream)
        if stream.job is None:
            shown += repr(stream.request(client.account.account_id, pull.question(), None))
    assert not any(secret in shown for secret in secrets(slug))


@per_network
def test_credentials_do_not_go_to_another_host(slug: str, tmp_path: Path) -> None:
    from affiliate_assets.connectors.language import Request
    from affiliate_assets.errors import AffiliateError
    from tests.networks.playing import client_of
    from tests.unit.support import listening

    elsewhere: list[Hit] = []

    def respond(method: str, path: str, headers: object, body: bytes) -> Scripted:
        elsewhere.append(Hit(method, path, dict(headers), body))  # type: ignore[call-overload]
        return Scripted(200, b"[]")

    with stage(slug) as on, listening(respond) as url:
        client = client_of(on, tmp_path, cases_of(slug).accounts[0].account_id)
        # Its answer may be none of this network's; it went out nevertheless.
        with suppress(AffiliateError):
            client.send(Request("GET", f"{url}/file"))
    (hit,) = elsewhere
    assert not any(secret in unquote(hit.text) for secret in secrets(slug))


@per_stream
def test_a_field_dropped_on_purpose_never_lands(slug: str, name: str, judged: Judged) -> None:
    (row,) = judged.outcomes["dropped fields"].valid
    assert row
    assert CANARY.encode() not in written(judged.folder)


@per_stream
def test_a_field_nobody_knows_never_lands_but_is_noticed(slug: str, name: str, judged: Judged) -> None:
    (found,) = [row for row in judged.drift if row["kind"] == "unknown_field"]
    assert found["field"] == "conformanceUnknown"
    assert CANARY not in str(found)
    assert "canary" not in str(found["masked_sample"])
    assert b"conformanceUnknown" not in b"".join(
        zstandard.ZstdDecompressor().decompress(path.read_bytes()) for path in judged.folder.rglob("*.zst")
    )

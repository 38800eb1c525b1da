"""Tokens that run out: fetched when needed, renewed exactly once however many accounts notice at the same moment.

One holder of a token for each credential in a process; whoever finds its token dead says which one that was, and the
first to say it renews. A rotating refresh token is kept in its secret file, where other processes find the newer one.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl

from oauthlib.oauth2 import OAuth2Error
from oauthlib.oauth2.rfc6749.parameters import parse_token_response, prepare_token_request
from requests.auth import AuthBase

from affiliate_assets.connectors.auth import Auth, OAuth2, SessionLogin
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.errors import AffiliateError, BrokenAnswer, ConfigError, CredentialRefused, NetworkStopped
from affiliate_assets.http.auth import Nobody, auth_of, basic
from affiliate_assets.http.rotation import Kept, RotatingFile
from affiliate_assets.secrets import redact, register

# A token is renewed this long before it runs out, or after nine tenths of its life.
_AHEAD, _TENTH = 60.0, 0.1
# A refusal is told to all who ask with the same dead token, without asking the network again.
_REFUSAL_KEPT = 30.0
_CHECK = "check the account's credentials at the network, then run again."
_AGAIN = "run again later; if it stays, compare the answer to the login with the network's reference."


@dataclass(frozen=True, slots=True)
class Token:
    """A token and when it should be renewed (Unix seconds; None: when the network refuses it)."""

    value: str
    renew_at: float | None

    @property
    def fresh(self) -> bool:
        return self.renew_at is None or time.time() < self.renew_at


class Asking(Protocol):
    """Sends one request of the login within budget and log; raises what `NetworkClient` raises."""

    def __call__(self, request: Request, auth: AuthBase) -> Answer: ...


class _Holder:
    """The token of one credential."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.token: Token | None = None
        self.refresh_token: str | None = None
        self.refused: tuple[str | None, float, str] | None = None


_holders: dict[tuple[str, str], _Holder] = {}
_holders_lock = threading.Lock()


class Keeper:
    """What proves one account's calls, as it stands at the moment of each call.

    Args:
        auth: The declaration.
        secrets: Values of the secrets it names.
        references: Where each secret comes from.
        credential: Opaque name of the credential; accounts of the same one share a token.
        base_url: Where the login is, unless it is absolute.
        ask: Sends the login.
    """

    def __init__(
        self,
        auth: Auth,
        secrets: Mapping[str, str],
        references: Mapping[str, str],
        credential: str,
        base_url: str,
        ask: Asking,
    ) -> None:
        self._auth = auth
        self._secrets = secrets
        self._references = references
        self._ask = ask
        with _holders_lock:
            self._holder = _holders.setdefault((credential, base_url), _Holder())

    @property
    def renewable(self) -> bool:
        """Whether a refused credential can be replaced by asking for another."""
        return isinstance(self._auth, OAuth2 | SessionLogin)

    def token(self, dead: str | None = None) -> str | None:
        """The token to use now; None where the authentication has none.

        Args:
            dead: A token that the network has just refused; it is not returned again.

        Raises:
            CredentialRefused: The network gives no token for these secrets.
            RetryableError: The login failed for a passing cause.
            ConfigError: A rotating refresh token cannot be kept.
        """
        if not self.renewable:
            return None
        holder = self._holder
        with holder.lock:
            held = holder.token
            if held is not None and held.value != dead and held.fresh:
                return held.value
            stale = dead or (held.value if held else None)
            if holder.refused and holder.refused[0] == stale and time.monotonic() < holder.refused[1]:
                raise CredentialRefused(holder.refused[2], next_step=_CHECK)
            try:
                holder.token = self._fetch(stale)
            except CredentialRefused as error:
                holder.refused = (stale, time.monotonic() + _REFUSAL_KEPT, error.what)
                raise
            return holder.token.value

    def proof(self, token: str | None) -> AuthBase:
        """The authentication of a request with that token."""
        return auth_of(self._auth, self._secrets, token)

    def _fetch(self, stale: str | None) -> Token:
        if isinstance(self._auth, SessionLogin):
            return self._log_in(self._auth)
        assert isinstance(self._auth, OAuth2)
        if self._auth.grant == "client_credentials":
            return _token(self._granted(self._auth, {}))
        if self._auth.grant == "password":
            return self._by_password(self._auth)
        reference = self._references[self._auth.refresh_token]
        scheme, _, name = reference.partition(":")
        if scheme != "file":
            answer = self._granted(self._auth, {"refresh_token": self._secrets[self._auth.refresh_token]})
            if answer.get("refresh_token") not in (None, self._secrets[self._auth.refresh_token]):
                raise ConfigError(
                    f"The network replaced the refresh token, and {reference} cannot be rewritten.",
                    next_step="authorise again, and keep the new refresh token in a file: file:PATH.",
                )
            return _token(answer)
        return self._rotate(self._auth, RotatingFile(Path(name)), stale)

    def _rotate(self, auth: OAuth2, file: RotatingFile, stale: str | None) -> Token:
        with file.locked():
            kept = file.read()
            if kept.access_token is not None and kept.access_token != stale:
                newer = Token(register(kept.access_token), kept.renew_at)
                if newer.fresh:
                    return newer
            with file.prepared() as replace:
                answer = self._granted(auth, {"refresh_token": kept.refresh_token})
                token = _token(answer)
                # The network may have made the old one worthless already: the new one is kept before it is used.
                replace(
                    Kept(register(str(answer.get("refresh_token") or kept.refresh_token)), token.value, token.renew_at)
                )
            return token

    def _by_password(self, auth: OAuth2) -> Token:
        """By the refresh token that came with the last token, where one did; else with name and password."""
        kept = self._holder.refresh_token
        answer: Mapping[str, Any] | None = None
        if kept is not None:
            with suppress(CredentialRefused):
                answer = self._granted(auth, {"refresh_token": kept}, "refresh_token")
        if answer is None:
            fields = {"username": self._secrets[auth.username], "password": self._secrets[auth.password]}
            kept, answer = None, self._granted(auth, fields)
        following = answer.get("refresh_token", kept)
        self._holder.refresh_token = None if following is None else register(str(following))
        return _token(answer)

    def _granted(self, auth: OAuth2, fields: Mapping[str, str], grant: str | None = None) -> Mapping[str, Any]:
        """The token endpoint's answer to a grant (RFC 6749 §4, §6)."""
        client = {"client_id": self._secrets[auth.client_id], "client_secret": self._secrets[auth.client_secret]}
        in_basic = auth.client_in == "basic"
        asked = {**auth.fields, **fields, **({} if in_basic else client)}
        if auth.scope is not None:
            asked["scope"] = auth.scope
        form = dict(parse_qsl(prepare_token_request(grant or auth.grant, include_client_id=not in_basic, **asked)))
        in_query = auth.client_in == "query"
        request = Request("GET", auth.token_url, form) if in_query else Request("POST", auth.token_url, form=form)
        proof = basic(client["client_id"], client["client_secret"]) if in_basic else Nobody()
        answer = self._answered(request, proof)
        try:
            # The scope is left to the network: a narrower one shows in its answers.
            return dict(parse_token_response(answer.body.decode("utf-8"), scope=None))
        except (OAuth2Error, UnicodeDecodeError, ValueError, AttributeError, TypeError) as error:
            if not _is_told(answer.body):
                raise _broken_login() from None
            why = error.error if isinstance(error, OAuth2Error) else type(error).__name__
            raise CredentialRefused(f"The network gave no token: {redact(str(why))}.", next_step=_CHECK) from None

    def _log_in(self, auth: SessionLogin) -> Token:
        body = auth.login({name: self._secrets[name] for name in auth.names})
        request = Request("POST", auth.path, form=body) if auth.as_form else Request("POST", auth.path, json=body)
        answer = self._answered(request, Nobody())
        if callable(auth.token):
            return Token(register(auth.token(answer.body)), None)
        if not _is_told(answer.body):
            raise _broken_login()
        try:
            found: Any = json.loads(answer.body)
            for name in auth.token:
                found = found[name]
        except (ValueError, KeyError, TypeError, IndexError):
            found = None
        if not isinstance(found, str) or not found:
            raise CredentialRefused(
                f"The answer to the login has no session at {'.'.join(auth.token)}.", next_step=_CHECK
            )
        return Token(register(found), None)

    def _answered(self, request: Request, proof: AuthBase) -> Answer:
        try:
            return self._ask(request, proof)
        except CredentialRefused:
            raise
        except NetworkStopped as error:
            refused: AffiliateError = CredentialRefused(f"The login was refused. {error.what}", next_step=_CHECK)
            refused.evidence = error.evidence
            raise refused from None


def _is_told(body: bytes) -> bool:
    """Whether a login was answered at all, in JSON or as a form; an error page, or half an answer, may pass."""
    try:
        json.loads(body)
    except ValueError:
        return body.startswith((b"access_token=", b"error="))
    return True


def _broken_login() -> BrokenAnswer:
    return BrokenAnswer("The login was answered with something that is no JSON.", next_step=_AGAIN)


def _token(answer: Mapping[str, Any]) -> Token:
    life = answer.get("expires_in")
    try:
        seconds = None if life is None else float(life)
    except (TypeError, ValueError):
        seconds = None
    renew_at = None if seconds is None else time.time() + seconds - min(_AHEAD, seconds * _TENTH)
    return Token(register(str(answer["access_token"])), renew_at)


def forget_tokens() -> None:
    """Drop every token of this process, as if it had just started."""
    with _holders_lock:
        _holders.clear()

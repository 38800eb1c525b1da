"""How a request proves who asks: one declaration for each way that networks use.

A declaration names secrets of the account (`[accounts.credentials]`), never their values. How it is done on the
wire is in `http.auth`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class BearerToken:
    """`Authorization: Bearer <secret>`."""

    secret: str = "token"

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.secret,)


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic; with `password` None the secret is the user name and the password is empty."""

    username: str = "username"
    password: str | None = "password"

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.username,) if self.password is None else (self.username, self.password)


@dataclass(frozen=True, slots=True)
class HeaderKeys:
    """Secrets in headers of their own, one or several.

    Attributes:
        headers: Header → name of the secret.
        prefixes: Header → text before the secret, such as `Token ` or a `Basic ` that is none.
    """

    headers: Mapping[str, str]
    prefixes: Mapping[str, str] = field(default_factory=dict)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(self.headers.values())


@dataclass(frozen=True, slots=True)
class QueryKeys:
    """Secrets in the query, where a network offers nothing better: parameter → name of the secret."""

    parameters: Mapping[str, str]

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(self.parameters.values())


@dataclass(frozen=True, slots=True)
class OAuth2:
    """A bearer token that is fetched and runs out (RFC 6749).

    Attributes:
        grant: Which grant fetches it. `refresh_token` needs a writable `file:` reference for `refresh_token`
            where the network rotates it.
        token_url: Relative to the base URL, or absolute.
        client_in: Where client id and secret go: HTTP Basic, the form, or a GET with everything in its query.
        scope: Scope to ask for.
        fields: Further fields of the form.
    """

    grant: Literal["client_credentials", "password", "refresh_token"]
    token_url: str
    client_in: Literal["basic", "form", "query"] = "basic"
    scope: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    client_id: str = "client_id"
    client_secret: str = "client_secret"
    username: str = "username"
    password: str = "password"
    refresh_token: str = "refresh_token"

    @property
    def secrets(self) -> tuple[str, ...]:
        client = (self.client_id, self.client_secret)
        more = {
            "client_credentials": (),
            "password": (self.username, self.password),
            "refresh_token": (self.refresh_token,),
        }
        return (*client, *more[self.grant])


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """Headers computed from the request, the time and the secrets.

    Attributes:
        names: The secrets that `sign` needs.
        sign: Headers from the secrets by name, the method, the whole URL, the body, and the Unix time in seconds.
    """

    names: tuple[str, ...]
    sign: Callable[[Mapping[str, str], str, str, bytes, int], Mapping[str, str]]

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.names


@dataclass(frozen=True, slots=True)
class SessionLogin:
    """A session that is opened with the account's secrets and dies with time or inactivity.

    Attributes:
        names: The secrets that `login` needs.
        login: Builds the JSON or form body of the login from the secrets by name.
        path: Where to log in, relative to the base URL.
        token: The session's name in the answer's JSON: names that lead to it; or what reads it in the body, and
            raises the error that a body without one stands for.
        header: Header that carries it afterwards.
        prefix: Text before the session in that header.
        within: Names that lead to where it goes in the body, instead of a header. Below a field of a form they are
            names of the JSON in that field.
        as_form: The login's body is a form, not JSON.
    """

    names: tuple[str, ...]
    login: Callable[[Mapping[str, str]], Mapping[str, str]]
    path: str
    token: tuple[str, ...] | Callable[[bytes], str]
    header: str = "Authorization"
    prefix: str = "Bearer "
    as_form: bool = False
    within: tuple[str, ...] = ()

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.names


Auth = BearerToken | Basic | HeaderKeys | QueryKeys | OAuth2 | SignedRequest | SessionLogin

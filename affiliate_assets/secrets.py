"""Secret references → values, and the redactor that keeps values out of everything written."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, quote_plus

from affiliate_assets.errors import ConfigError, Where

_IN_QUERY = re.compile(r"(?i)\b(\w*(?:token|api_?key|secret|password)=)[^&\s\"']+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_MASKED = 200
_known: set[str] = set()
_lock = threading.Lock()


def resolve(reference: str, where: Where) -> str:
    """The value behind `env:NAME` or `file:PATH`; it is known to the redactor from then on.

    Raises:
        ConfigError: The variable or file is missing, empty or unreadable. Only the reference is named.
    """
    scheme, _, name = reference.partition(":")
    if scheme == "env":
        value, next_step = (
            os.environ.get(name, ""),
            f"set the environment variable {name} (see .env.example).",
        )
    else:
        try:
            value = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            value = ""
        next_step = f"write the secret into the file {name}, readable by this user."
    if not value.strip():
        raise ConfigError(f"The secret {reference} is missing, empty or unreadable.", next_step=next_step, where=where)
    return register(value.strip())


def register(secret: str) -> str:
    """Make a secret known to the redactor, in a URL, in JSON and in JSON within JSON too; returned as it is.

    For tokens that a network hands out at run time.
    """
    if secret:
        within = json.dumps(secret)[1:-1]
        forms = {secret, quote(secret, safe=""), quote_plus(secret), within, json.dumps(within)[1:-1]}
        with _lock:
            _known.update(forms)
    return secret


def mask(text: str) -> str:
    """The shape of a text without its content: letters → x or X, digits → 9, the rest kept; 200 characters."""
    return "".join(map(_masked, text[:_MASKED]))


def _masked(character: str) -> str:
    if character.isalpha():
        return "X" if character.isupper() else "x"
    return "9" if character.isnumeric() else character


def redact(text: str, extra: Iterable[str] = ()) -> str:
    """The text without any secret resolved so far, and without what looks like one in a URL or header."""
    with _lock:
        known = {*_known, *extra}
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, "[redacted]")
    return _BEARER.sub(r"\1 [redacted]", _IN_QUERY.sub(r"\1[redacted]", text))


class RedactingFilter(logging.Filter):
    """Cleans a log record's message and traceback before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True

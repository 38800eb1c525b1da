"""Dead letters: questions that got no usable answer, with first and last sight, until a later answer settles them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import duckdb

from affiliate_assets.landing.pages import DeadLetter, Manifest
from affiliate_assets.landing.tables import stored


def note_dead_letters(warehouse: duckdb.DuckDBPyConnection, manifests: Iterable[Manifest]) -> None:
    """Bring the windows' dead letters into the warehouse.

    The same question failing again counts up; the same manifest read again does not.
    """
    letters = sorted(((letter, m) for m in manifests for letter in m.dead_letters), key=lambda entry: entry[0].at)
    for letter, manifest in letters:
        warehouse.execute(
            """
            insert into ops.dead_letters (letter_id, network, account_id, stream, window_id, page, reason, message,
                request, status, content_type, bytes, sha256, masked_sample, times, first_seen_at, last_seen_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
            on conflict (letter_id) do update set
                times = dead_letters.times + 1, last_seen_at = excluded.last_seen_at, window_id = excluded.window_id,
                message = excluded.message, request = excluded.request, status = excluded.status,
                content_type = excluded.content_type, bytes = excluded.bytes, sha256 = excluded.sha256,
                masked_sample = excluded.masked_sample, resolved_at = null
            where excluded.last_seen_at > dead_letters.last_seen_at
            """,
            [
                _question(manifest, letter), manifest.network, manifest.account_id, manifest.stream,
                manifest.window_id, letter.page, letter.reason, letter.message, letter.request, letter.status,
                letter.content_type, letter.bytes, letter.sha256, letter.masked_sample, stored(letter.at),
                stored(letter.at),
            ],
        )  # fmt: skip


def settle_dead_letters(warehouse: duckdb.DuckDBPyConnection, network: str, *, in_order: bool) -> None:
    """Close the letters whose window was read to its end later; all of them once the network is in order again.

    A night asks for everything that is missing, but not always in windows with the same borders.
    """
    warehouse.execute(
        """
        update ops.dead_letters d set resolved_at = coalesce(w.made_good_at, w.finished_at, d.last_seen_at)
        from ops.windows w
        where w.window_id = d.window_id and d.network = ? and d.resolved_at is null
          and (w.made_good_at is not null or w.status = 'complete' or ?)
        """,
        [network, in_order],
    )


def _question(manifest: Manifest, letter: DeadLetter) -> str:
    asked = (
        manifest.network, manifest.account_id, manifest.stream, manifest.clock, manifest.window_start,
        manifest.keys > 0, letter.page, letter.reason,
    )  # fmt: skip
    return hashlib.md5("|".join(map(str, asked)).encode(), usedforsecurity=False).hexdigest()

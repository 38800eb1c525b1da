"""What nobody can know from anything that a network tells; all of it, in one place.

* A text that was replaced by another one: in the columns that the fault writes, in a version of a faulty night.
* An optional field that is missing from all records of an answer: in these columns, in a version of a faulty night.
  A sale amount is one where the declaration lets it be empty, and the answer too short to tell that from chance.
* Records left out of a list that tells no number and has no report beside it (`counts`): only the records left out,
  and only where the clean night did not read their date again. Lists without a number are Awin's transactions on its
  validation and amendment dates (its report goes by the date of the sale), Commission Factory's, Everflow's clicks,
  a file of impact.com's clicks, and Rakuten's report; their READMEs cite what is documented.
* Records of a listing that on the clean morning no longer holds them, as Voluum's live lists hold the latest ones only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from affiliate_assets.connectors.language import ApiStream
from affiliate_assets.connectors.paging import WholeWindow
from affiliate_assets.connectors.schema import path_of
from affiliate_assets.sandbox import NETWORKS as EMULATED
from affiliate_assets.sandbox import FaultServed

from .references import Key, References, Row
from .running import Outcome

# The records' fields that a fault writes or takes away without a trace, by fault.
TEXTS = ("strange_text", "long_text", "nul_text")
ALTERED = {
    **{kind: lambda network: EMULATED[network].rows.text for kind in TEXTS},
    "vanished_field": lambda network: EMULATED[network].rows.optional,
    "renamed_field": lambda network: EMULATED[network].rows.amount,
}
LEFT_OUT = ("rows_left_out", "list_empty")


def counts(stream: ApiStream) -> bool:
    """Whether an answer that lacks records contradicts itself: it tells how many there are."""
    uncounted = isinstance(stream.paging, WholeWindow) or getattr(stream.paging, "total", None) == ()
    return not uncounted


def columns_of(stream: ApiStream, paths: Iterable[str]) -> set[str]:
    """The stream's columns that these fields of an answer are landed in; a landed path may be the end of a sent one."""
    ends = {_bare(".".join(path.split(".")[start:])) for path in paths for start in range(path.count(".") + 1)}
    return {name for name, column in stream.schema.columns.items() if _bare(".".join(path_of(column))) in ends}


@dataclass(frozen=True)
class Excuses:
    """What may differ in one network's tables after a plan."""

    outcome: Outcome
    references: References
    warehouse: duckdb.DuckDBPyConnection
    network: str

    def unseen(self, stream: ApiStream, key: Key, due: Row) -> bool:
        """Whether a record may be missing: left out of a list without a number, or no longer listed; not read again."""
        if not stream.clocks:
            at_once = self.references.tables(self.outcome.plan.ground, self.network, (self.outcome.clean,))
            return key not in at_once.rows[stream.name]
        return stream.control is None and self._left_out(stream, key, due)

    def differs(self, stream: ApiStream, key: Key, row: Row, due: Iterable[Row]) -> bool:
        """Whether a record may be as it is: as one of those due, but for what nobody can know."""
        altered = self._altered(stream, key) if str(row["_run_id"]).startswith("faulty") else set()
        plain = _plain(row)
        if any(_different(plain, _plain(one)) <= altered for one in due):
            return True
        earlier = list(self._earlier(stream, key))
        return self._left_out(stream, key, next(iter(due))) and any(
            _different(plain, one) <= altered for one in earlier
        )

    def _altered(self, stream: ApiStream, key: Key) -> set[str]:
        """The columns that a fault wrote to in the record."""
        paths = {
            path
            for fault in self._served(*ALTERED)
            if fault.record is None or _is_of(fault.record, key)
            for path in ALTERED[fault.kind](self.network)
        }
        return columns_of(stream, paths)

    def _left_out(self, stream: ApiStream, key: Key, due: Row) -> bool:
        if not stream.clocks or (counts(stream) and stream.control is None):
            return False
        left_out = {record for fault in self._served(*LEFT_OUT) for record in fault.left_out}
        return any(_is_of(record, key) for record in left_out) and not self._read_again(stream, key, due)

    def _read_again(self, stream: ApiStream, key: Key, due: Row) -> bool:
        """Whether the clean night read the record's date on the first clock, which dates every record."""
        clock, dated_at = stream.clocks[0], due[stream.clocks[0].column]
        if isinstance(dated_at, datetime) and dated_at.tzinfo is not None:
            dated_at = dated_at.astimezone(UTC).replace(tzinfo=None)
        (windows,) = self.warehouse.execute(
            "select count(*) from ops.windows where status = 'complete' and run_id = 'clean' and stream = ?"
            " and account_id = ? and clock = ? and window_start <= ? and window_end > ?",
            [stream.name, key[0], clock.name, dated_at, dated_at],
        ).fetchall()[0]
        return bool(windows)

    def _served(self, *kinds: str) -> Iterator[FaultServed]:
        for fault in self.outcome.sandbox.faults_served:
            if fault.network == self.network and fault.kind in kinds:
                yield fault

    def _earlier(self, stream: ApiStream, key: Key) -> Iterator[Row]:
        """The record as earlier nights without faults have read it."""
        mornings = self.outcome.mornings
        for end in range(1, len(mornings)):
            tables = self.references.tables(self.outcome.plan.ground, self.network, mornings[:end])
            old = tables.rows[stream.name].get(key)
            if old is not None:
                yield _plain(old)


def _is_of(record: str, key: Key) -> bool:
    """Whether the id is that of the record; a key may have several parts."""
    return record in re.split(r"[| ]", key[1])


def _plain(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "_run_id"}


def _different(one: Row, other: Row) -> set[str]:
    return {name for name in one if one[name] != other[name]}


def _bare(path: str) -> str:
    return re.sub(r"[\W_]", "", path).lower()

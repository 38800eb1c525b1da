"""A Parquet file's rows as those of any other file, of the columns that are wanted alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from affiliate_assets.errors import RecordError
from affiliate_assets.landing.rows import Row, text_of

_BATCH = 10_000


def parquet_rows(file: Path, wanted: Collection[str]) -> Iterator[Row]:
    """The titles, then the rows of a Parquet file; a column that is not wanted is never read.

    A title with a dot leads into a nested column: `a.b` is field b of struct a, or, where a is a list of keys and
    values as in Google's export of events, the value of key b.

    Raises:
        RecordError: The file cannot be read to its end.
    """
    try:
        with pq.ParquetFile(file) as opened:
            schema = opened.schema_arrow
            titles = [title for title in wanted if _has(schema, title)]
            yield Row(0, titles)
            columns = sorted({title.split(".")[0] for title in titles})
            number = 0
            for batch in opened.iter_batches(_BATCH, columns=columns):
                for record in batch.to_pylist():
                    number += 1
                    yield _row(number, [_value(record, title) for title in titles])
    except (pa.ArrowException, OSError) as error:
        raise RecordError(
            f"{file.name} cannot be read as Parquet: {error}.",
            next_step="export the file again, it may have been cut; nothing of it was taken.",
        ) from None


def _has(schema: pa.Schema, title: str) -> bool:
    name, _, below = title.partition(".")
    if name not in schema.names:
        return False
    kind = schema.field(name).type
    if not below or pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return True
    return bool(pa.types.is_struct(kind) and kind.get_field_index(below) >= 0)


def _value(record: Mapping[str, object], title: str) -> object:
    name, _, below = title.partition(".")
    value = record[name]
    if not below or value is None:
        return value
    if isinstance(value, Mapping):
        return value[below]
    assert isinstance(value, list)
    for entry in value:
        if entry["key"] == below:
            held = entry["value"]
            return next((each for each in held.values() if each is not None), None) if held else None
    return None


def _row(number: int, values: list[object]) -> Row:
    values = [
        value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value
        for value in values
    ]
    moments = {place: value for place, value in enumerate(values) if isinstance(value, date | time)}
    numbers = frozenset(place for place, value in enumerate(values) if isinstance(value, int | float))
    # A fraction of a second counts here, unlike in a spreadsheet.
    cells = [value.isoformat(" ") if isinstance(value, datetime) else text_of(value) for value in values]
    return Row(number, cells, moments, numbers)

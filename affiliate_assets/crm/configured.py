"""A declared stream as the brand's files have it: titles, zone, numbers and dates from `affiliate.toml`."""

from __future__ import annotations

from dataclasses import replace

from affiliate_assets.connectors.files import FileFormat, FileStream
from affiliate_assets.errors import ConfigError
from affiliate_assets.export_settings import SYSTEMS, ExportSettings

ORDER_ID = "order_id"


def as_configured(stream: FileStream, export: ExportSettings) -> FileStream:
    """The stream with what the brand says of its files; a column that it names is then needed.

    Raises:
        ConfigError: It names a field that the stream has not, or would land a personal column whole.
    """
    fields = set(stream.columns.values()) | stream.optional
    strange = sorted(set(export.columns) - fields)
    if strange:
        raise ConfigError(
            f"The stream {stream.name} has no field {', '.join(strange)}.",
            next_step=f"in [[exports]] columns, choose from {', '.join(sorted(fields))}.",
        )
    title = export.columns.get(ORDER_ID)
    if stream.name in SYSTEMS and title in stream.dropped and export.order_id_pattern is None:
        raise ConfigError(
            f"The column {title!r} of {stream.name} may hold a customer's name, and would be kept as it is.",
            next_step="set order_id_pattern in that [[exports]], so that only the order id is kept of it.",
        )
    named = set(export.columns.values())
    columns = {t: field for t, field in stream.columns.items() if field not in export.columns and t not in named}
    found = {**stream.found, ORDER_ID: export.order_id_pattern} if export.order_id_pattern else stream.found
    return replace(
        stream,
        columns=columns | {title: field for field, title in export.columns.items()},
        optional=stream.optional - set(export.columns),
        dropped=stream.dropped | set(export.left_out),
        found=found,
        time_zone=export.time_zone or stream.time_zone,
        format=_formed(stream.format, export),
    )


def _formed(form: FileFormat, export: ExportSettings) -> FileFormat:
    return replace(
        form,
        encodings=(export.encoding,) if export.encoding else form.encodings,
        delimiter=export.delimiter or form.delimiter,
        decimal=export.decimal or form.decimal,
        thousands=form.thousands if export.thousands is None else export.thousands,
        moments=(*form.moments, *export.dates),
    )

"""Raw and validated assets: one step a source, a network or the brand's own exports."""

from collections.abc import Iterator, Sequence, Set

import dagster as dg

from affiliate_assets.connectors.files import FileSource
from affiliate_assets.connectors.language import Connector
from affiliate_assets.connectors.source import Source, Stream
from affiliate_assets.defs.checks import (
    ACCOUNTED,
    COMPLETE,
    DRIFT,
    PANDERA,
    accounted_check,
    complete_check,
    drift_check,
    pandera_check,
)
from affiliate_assets.defs.common import (
    KINDS_DROPPED,
    KINDS_RAW,
    KINDS_VALID,
    as_of,
    daily,
    raw_key,
    raw_metadata,
    requested_span,
    static_valid_metadata,
    valid_key,
    valid_metadata,
)
from affiliate_assets.landing.night import run_files, run_network
from affiliate_assets.landing.report import Night, save_report
from affiliate_assets.landing.tables import valid_table
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.settings import Settings, load_settings


def network_assets(connector: Connector, settings: Settings) -> dg.AssetsDefinition:
    """All assets of one network in one step: its pull is limited by its own budget and by nothing else."""
    slug = connector.slug

    @dg.multi_asset(
        name=slug,
        specs=_specs(connector),
        check_specs=_check_specs(slug, connector.streams),
        partitions_def=daily(settings),
        # A range of days is one run: the window rule, not the partition, decides how many calls it takes.
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=f"api_{slug}",
    )
    def assets(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        settings, instant = load_settings(), as_of(context)
        span, follow_changes = requested_span(context, settings, instant)
        night = run_network(
            settings,
            connector,
            requested=span,
            follow_changes=follow_changes,
            run_id=context.run.run_id,
            as_of=instant,
        )
        yield from _results(context, settings, slug, connector.streams, night)

    return assets


def file_assets(source: FileSource) -> dg.AssetsDefinition:
    """All assets of one source by file in one step: every file that has arrived since the last run."""

    @dg.multi_asset(
        name=source.slug,
        specs=_specs(source, KINDS_DROPPED),
        check_specs=_check_specs(source.slug, source.streams),
    )
    def assets(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        settings = load_settings()
        night = run_files(settings, source, run_id=context.run.run_id, as_of=as_of(context))
        yield from _results(context, settings, source.slug, source.streams, night)

    return assets


def unconfigured_assets(source: Source) -> list[dg.AssetSpec]:
    """The assets of a network without an account: part of the lineage, with tables that stay empty."""
    return [
        spec.replace_attributes(
            description=f"{spec.description} Not pulled: no account is configured.", kinds={"duckdb"}
        )
        for spec in _specs(source)
    ]


def _specs(source: Source, kinds: Set[str] = KINDS_RAW) -> list[dg.AssetSpec]:
    specs = []
    for stream in source.streams:
        specs.append(
            dg.AssetSpec(
                raw_key(source.slug, stream),
                description=f"{stream.description} As received from {source.title}, one row for each observed version.",
                group_name=source.slug,
                kinds=set(kinds),
                owners=[source.owner],
            )
        )
        specs.append(
            dg.AssetSpec(
                valid_key(source.slug, stream),
                deps=[raw_key(source.slug, stream)],
                description=f"{stream.description} Typed and checked; what fails is in"
                f" `quarantine.{source.slug}__{stream.name}`.",
                group_name=source.slug,
                kinds=KINDS_VALID,
                owners=[source.owner],
                metadata=static_valid_metadata(source.slug, stream),
            )
        )
    return specs


def _check_specs(source: str, streams: Sequence[Stream]) -> list[dg.AssetCheckSpec]:
    described = {
        COMPLETE: "Every window that was asked for was read to its end, and is proved to be whole.",
        ACCOUNTED: "Every record that was read is either accepted or in quarantine, in every window.",
        DRIFT: "Error: a field that models read is gone or of another type. Warning: fields or words that the"
        " declaration does not know; the records are kept.",
    }
    specs = []
    for stream in streams:
        specs += [
            dg.AssetCheckSpec(name, asset=raw_key(source, stream), description=description)
            for name, description in described.items()
        ]
        specs.append(
            dg.AssetCheckSpec(
                PANDERA,
                asset=valid_key(source, stream),
                blocking=True,
                description="Error, and nothing is built: the stored table breaks its own schema. Warning:"
                " records of this run are in quarantine; the valid ones go on.",
            )
        )
    return specs


def _results(
    context: dg.AssetExecutionContext, settings: Settings, source: str, streams: Sequence[Stream], night: Night
) -> Iterator[dg.MaterializeResult[None]]:
    save_report(settings, context.run.run_id, source, night)
    for problem in night.problems:
        context.log.error(problem)
    totals = _row_counts(settings, source, streams)
    for stream in streams:
        windows = [window for window in night.windows if window.stream == stream.name]
        load = night.loads[stream.name]
        yield dg.MaterializeResult(
            asset_key=raw_key(source, stream),
            metadata=raw_metadata(source, stream, windows, load, night.standing),
            check_results=[
                complete_check(raw_key(source, stream), windows, night),
                accounted_check(raw_key(source, stream), stream, night.standing),
                drift_check(raw_key(source, stream), stream, night.standing),
            ],
        )
        yield dg.MaterializeResult(
            asset_key=valid_key(source, stream),
            metadata=valid_metadata(source, stream, load, totals[stream.name]),
            check_results=[pandera_check(valid_key(source, stream), source, stream, load.verdict)],
        )


def _row_counts(settings: Settings, source: str, streams: Sequence[Stream]) -> dict[str, int]:
    with connection(settings.warehouse) as warehouse:
        return {
            stream.name: int(
                warehouse.execute(f"select count(*) from {valid_table(source, stream.name)}").fetchall()[0][0]
            )
            for stream in streams
        }

"""The job of the night and its schedule; the job for files that arrive."""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from affiliate_assets.connectors.source import Source
from affiliate_assets.defs.common import latest_partition, raw_key, valid_key
from affiliate_assets.settings import Settings, load_settings, now

JOB = "reconciliation_nightly"
ARRIVALS = "reconciliation_of_files"
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


# With every check by name: one that is left out makes dbt run a selection, for which dagster-dbt copies the project.
_EVERYTHING = dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks()

NIGHTLY = dg.define_asset_job(
    JOB,
    selection=_EVERYTHING,
    description="Pull what is new and what may have changed, build all models, publish, give the verdict.",
)


def source_keys(sources: Iterable[Source]) -> set[dg.AssetKey]:
    """The assets that a run reads from these sources."""
    return {key(source.slug, stream) for source in sources for stream in source.streams for key in (raw_key, valid_key)}


def without(sources: Iterable[Source]) -> dg.AssetSelection:
    """Everything that the night does, but for reading these sources."""
    return dg.AssetSelection.all() - dg.AssetSelection.assets(*source_keys(sources))


def nightly_tags(
    settings: Settings, instance: dg.DagsterInstance, networks: Sequence[dg.AssetKey]
) -> Mapping[str, str]:
    """Partition range of tonight's run: from the first day that some network has never had, to yesterday."""
    last = latest_partition(settings, now())
    days = dg.DailyPartitionsDefinition(
        start_date=settings.brand.start_date.isoformat(), timezone=settings.brand.time_zone
    ).get_partition_keys()
    had = [instance.get_materialized_partitions(key) for key in networks]
    missing = (day for day in days if day <= last and not all(day in partitions for partitions in had))
    return {RANGE_START: min(missing, default=last), RANGE_END: last}


def nightly_schedule(networks: Sequence[dg.AssetKey], zone: str) -> dg.ScheduleDefinition:
    """Every night at 03:15 of the brand's zone; switched off until somebody switches it on."""

    @dg.schedule(name=JOB, job=NIGHTLY, cron_schedule="15 3 * * *", execution_timezone=zone)
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        settings = load_settings()
        return dg.RunRequest(tags=dict(nightly_tags(settings, context.instance, networks)))

    return schedule

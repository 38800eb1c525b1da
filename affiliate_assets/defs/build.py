"""All definitions from the settings: networks, exports, models, published marts, jobs, schedule and sensor."""

from __future__ import annotations

import dagster as dg
from dagster_dbt import DbtCliResource

from affiliate_assets.accounts import check_networks, configured_networks
from affiliate_assets.crm.streams import CRM
from affiliate_assets.defs.common import raw_key
from affiliate_assets.defs.jobs import ARRIVALS, NIGHTLY, nightly_schedule, without
from affiliate_assets.defs.models import dbt_models, dbt_project
from affiliate_assets.defs.published import mart_names, night_asset, published_assets
from affiliate_assets.defs.sensors import files_arrived
from affiliate_assets.defs.sources import file_assets, network_assets, unconfigured_assets
from affiliate_assets.networks import all_connectors, api_connectors, file_connectors
from affiliate_assets.settings import Settings, load_settings

# Pulls wait for networks, so all of them run at once, whatever the cores. Forked workers do not import everything anew.
EXECUTOR = dg.multiprocess_executor.configured(
    {
        "max_concurrent": 1 + len(all_connectors()),
        "start_method": {"forkserver": {"preload_modules": ["affiliate_assets.defs.preloaded"]}},
    }
)


def build_definitions(settings: Settings | None = None, executor: dg.ExecutorDefinition = EXECUTOR) -> dg.Definitions:
    """The code location. Tests pass settings and an executor of their own.

    Raises:
        ConfigError: There is no configuration, or it is refused.
    """
    settings = settings or load_settings()
    check_networks(settings)
    slugs = {connector.slug for connector in configured_networks(settings)}
    asked = [connector for slug, connector in api_connectors().items() if slug in slugs]
    dropped = [CRM, *(connector for slug, connector in file_connectors().items() if slug in slugs)]
    others = [connector for slug, connector in all_connectors().items() if slug not in slugs]
    project = dbt_project(settings)
    names = mart_names(project)
    partitioned = [raw_key(connector.slug, stream) for connector in asked for stream in connector.streams]
    # Without the networks that have an API, it has no partitions.
    arrivals = dg.define_asset_job(
        ARRIVALS,
        selection=without(asked),
        description="Read the files that have arrived, build all models, publish, give the verdict.",
    )
    return dg.Definitions(
        assets=[
            *(network_assets(connector, settings) for connector in asked),
            *(spec for connector in others for spec in unconfigured_assets(connector)),
            *(file_assets(source) for source in dropped),
            dbt_models(project),
            published_assets(names),
            night_asset(names),
        ],
        jobs=[NIGHTLY, arrivals],
        schedules=[nightly_schedule(partitioned, settings.brand.time_zone)],
        sensors=[files_arrived(dropped)],
        resources={"dbt": DbtCliResource(project_dir=project)},
        executor=executor,
    )

"""All definitions from the settings: networks, exports, models, published marts, job and schedule."""

from __future__ import annotations

import dagster as dg
from dagster_dbt import DbtCliResource

from affiliate_assets.defs.common import check_networks, configured_networks, raw_key
from affiliate_assets.defs.jobs import NIGHTLY, nightly_schedule
from affiliate_assets.defs.models import dbt_models, dbt_project
from affiliate_assets.defs.published import mart_names, night_asset, published_assets
from affiliate_assets.defs.sources import crm_assets, network_assets, unconfigured_assets
from affiliate_assets.networks import all_connectors
from affiliate_assets.settings import Settings, load_settings

# Pulls wait for networks, so more of them than cores may run; forked workers do not import everything again.
EXECUTOR = dg.multiprocess_executor.configured(
    {
        "max_concurrent": 8,
        "start_method": {"forkserver": {"preload_modules": ["affiliate_assets.definitions"]}},
    }
)


def build_definitions(settings: Settings | None = None, executor: dg.ExecutorDefinition = EXECUTOR) -> dg.Definitions:
    """The code location. Tests pass settings and an executor of their own.

    Raises:
        ConfigError: There is no configuration, or it is refused.
    """
    settings = settings or load_settings()
    check_networks(settings)
    connectors = configured_networks(settings)
    others = [connector for connector in all_connectors().values() if connector not in connectors]
    project = dbt_project(settings)
    names = mart_names(project)
    partitioned = [raw_key(connector.slug, stream) for connector in connectors for stream in connector.streams]
    return dg.Definitions(
        assets=[
            *(network_assets(connector, settings) for connector in connectors),
            *(spec for connector in others for spec in unconfigured_assets(connector)),
            crm_assets(),
            dbt_models(project),
            published_assets(names),
            night_asset(names),
        ],
        jobs=[NIGHTLY],
        schedules=[nightly_schedule(partitioned, settings.brand.time_zone)],
        resources={"dbt": DbtCliResource(project_dir=project)},
        executor=executor,
    )

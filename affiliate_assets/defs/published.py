"""Published marts, and the verdict on the night."""

import base64
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import duckdb
import msgspec
from dagster_dbt import DbtProject

from affiliate_assets.defs.common import OWNERS, as_of
from affiliate_assets.landing.differences import EVENTS, note_night
from affiliate_assets.landing.report import read_reports
from affiliate_assets.publishing import MARTS, REPORT_PAGE, publish, read_manifest
from affiliate_assets.report.tables import MARTS as REPORTED
from affiliate_assets.settings import load_settings

if TYPE_CHECKING:
    from affiliate_assets.report.page import Report
    from affiliate_assets.report.svg import Chart


def mart_names(project: DbtProject) -> list[str]:
    """Names of the models in the marts schema, as the manifest lists them."""
    manifest = msgspec.json.decode(project.manifest_path.read_bytes())
    return sorted(
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["schema"] == MARTS
    )


# What the night added to the append-only notes; the models read those of earlier nights as `operations/…`.
NOTED = dg.AssetKey(["operations", "noted_differences"])
REPORT = dg.AssetKey(["published", "report"])


def published_key(mart: str) -> dg.AssetKey:
    return dg.AssetKey(["published", mart])


def published_assets(names: Sequence[str]) -> dg.AssetsDefinition:
    """Every mart in the read-only file and as Parquet, and their report, swapped in together.

    Before, what the night did is noted.
    """

    @dg.multi_asset(
        name="published",
        specs=[
            dg.AssetSpec(
                NOTED,
                deps=[dg.AssetKey(["intermediate", "int_differences__history"])],
                description="What was opened, changed or closed tonight, appended to `ops.difference_nights` before it"
                " is published. The same night again adds nothing.",
                group_name="operations",
                kinds={"duckdb"},
                owners=OWNERS,
            ),
            *(
                dg.AssetSpec(
                    published_key(name),
                    deps=[dg.AssetKey([MARTS, name])],
                    description=f"`{name}` as readers see it: in `published/affiliate.duckdb` and as Parquet.",
                    group_name="published",
                    kinds={"duckdb", "parquet"},
                    owners=OWNERS,
                )
                for name in names
            ),
            dg.AssetSpec(
                REPORT,
                deps=[published_key(name) for name in REPORTED],
                description="The night and attribution on one page, `published/report.html`, for whoever reads no SQL."
                " It needs no server, no network and no JavaScript. Its charts are in the metadata.",
                group_name="published",
                kinds={"html"},
                owners=OWNERS,
            ),
        ],
        pool="warehouse",
    )
    def assets(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        # Half a second to import, and only this step draws.
        from affiliate_assets.report.page import draw_report

        settings, at = load_settings(), as_of(context)
        figures: dict[str, int] = {}
        drawn: list[Report] = []

        def note(warehouse: duckdb.DuckDBPyConnection) -> None:
            noted = note_night(warehouse, run_id=context.run.run_id)
            (nights,) = warehouse.execute("select count(*) from ops.nights").fetchall()[0]
            (events,) = warehouse.execute("select count(*) from ops.difference_nights").fetchall()[0]
            figures.update({"dagster/row_count": events, "nights": nights})
            figures.update({event: noted.events.get(event, 0) for event in EVENTS})

        def page(file: Path) -> str:
            drawn.append(draw_report(file, settings.brand, run_id=context.run.run_id, as_of=at))
            return drawn[-1].page

        marts = publish(settings, run_id=context.run.run_id, as_of=at, before=note, page=page)
        yield dg.MaterializeResult(
            asset_key=NOTED, metadata={**figures, "dagster/table_name": "affiliate.ops.difference_nights"}
        )
        for mart in marts:
            yield dg.MaterializeResult(
                asset_key=published_key(mart.name),
                metadata={
                    "dagster/row_count": mart.rows,
                    "dagster/table_name": f"affiliate.main.{mart.name}",
                    "dagster/column_schema": dg.TableSchema(
                        columns=[dg.TableColumn(column, type=type_) for column, type_ in mart.columns]
                    ),
                    "checksum": mart.checksum,
                    "parquet": dg.MetadataValue.path(str(settings.published / "parquet" / f"{mart.name}.parquet")),
                    "file": dg.MetadataValue.path(str(settings.published / "affiliate.duckdb")),
                },
            )
        for report in drawn:
            yield _reported(report, settings.published / REPORT_PAGE)

    return assets


def _reported(report: "Report", path: Path) -> dg.MaterializeResult[None]:
    """The page and its charts, which the UI shows as images.

    Raises:
        Failure: The page could not be drawn. The marts were swapped in all the same.
    """
    if report.error is not None:
        raise dg.Failure(
            f"The marts are published, but their report could not be drawn: {report.error!r}. Next: read the marts"
            " themselves tonight, and report this as a bug.",
            metadata={"traceback": dg.MetadataValue.text("".join(traceback.format_exception(report.error)))},
            allow_retries=False,
        )
    return dg.MaterializeResult(
        asset_key=REPORT,
        metadata={
            "report": dg.MetadataValue.path(str(path)),
            **{chart.name: _shown(chart) for chart in report.charts},
        },
    )


def _shown(chart: "Chart") -> dg.MetadataValue[str | None]:
    image = base64.b64encode(chart.image.encode()).decode()
    return dg.MetadataValue.md(f"**{chart.title}**\n\n![{chart.title}](data:image/svg+xml;base64,{image})")


def night_asset(names: Sequence[str]) -> dg.AssetsDefinition:
    """The last word of a run: what came in, and failure if a network did not."""

    @dg.asset(
        key=dg.AssetKey(["operations", "night"]),
        deps=[*(published_key(name) for name in names), REPORT],
        group_name="operations",
        kinds={"python"},
        owners=OWNERS,
        description="The verdict on the night, after everything that could be built was published. Fails when a"
        " network or an export is not in order, so that an alert on failed runs reaches somebody.",
    )
    def night(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        settings = load_settings()
        sources = read_reports(settings, context.run.run_id)
        problems = [problem for source in sources for problem in source.problems]
        if problems:
            raise dg.Failure(
                "Published, but not everything is in order:\n" + "\n".join(problems),
                metadata={"problems": dg.MetadataValue.md("\n".join(f"- {problem}" for problem in problems))},
                allow_retries=False,
            )
        return dg.MaterializeResult(
            metadata={
                "sources": dg.MetadataValue.md("\n".join(f"- {source}" for source in sources)),
                "requests": sum(source.requests for source in sources),
                "new_versions": sum(source.new_versions for source in sources),
                "quarantined": sum(source.rejected for source in sources),
                "report": dg.MetadataValue.path(str(settings.published / REPORT_PAGE)),
                "manifest": dg.MetadataValue.json(read_manifest(settings.published)),
            }
        )

    return night

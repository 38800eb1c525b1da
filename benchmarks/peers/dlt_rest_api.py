"""The same pages through dlt's `rest_api` source into DuckDB: `python dlt_rest_api.py FOLDER URL ROWS SETTING`.

SETTING is `default`, `parquet`, or `parquet_flat` (Parquet, and nothing below the first level made into tables or
columns of its own). Runs in the environment of `requirements.txt` and prints one JSON object of figures.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from time import perf_counter


def run(folder: Path, url: str, rows: int, setting: str) -> dict[str, float]:
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
    os.environ["DLT_DATA_DIR"] = str(folder / "dlt")
    import dlt
    from dlt.sources.rest_api import rest_api_source

    source = rest_api_source(
        {
            "client": {
                "base_url": url,
                "paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "cursor"},
            },
            "resources": [
                {
                    "name": "transactions",
                    "primary_key": "id",
                    "write_disposition": "append",
                    "endpoint": {"path": "transactions", "data_selector": "records"},
                }
            ],
        }
    )
    if setting == "parquet_flat":
        source.max_table_nesting = 0
    pipeline = dlt.pipeline(
        pipeline_name=f"peer_{setting}",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(folder / f"{setting}.duckdb")),
        dataset_name="peer",
    )
    started = perf_counter()
    pipeline.run(source, loader_file_format=None if setting == "default" else "parquet")
    seconds = perf_counter() - started
    with pipeline.sql_client() as client, client.execute_query("select count(*) from transactions") as cursor:
        (loaded,) = cursor.fetchone()
    if loaded != rows:
        raise SystemExit(f"{loaded} of {rows} records arrived")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}


if __name__ == "__main__":
    folder, url, rows, setting = sys.argv[1:]
    sys.stdout.write(json.dumps(run(Path(folder), url, int(rows), setting)) + "\n")

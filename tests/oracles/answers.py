"""What independent implementations say, as JSON on standard output. Runs in their environment, knows nothing of ours.

Usage: python answers.py PATHS.json SOURCES HOURS, where SOURCES is the folder with the source archive of
ChannelAttribution, the only place where its path data is, and touches are HOURS apart, the last one as long before the
order.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

Rows = list[tuple[str, int, float, int]]


def shipped_paths(sources: Path) -> Rows:
    """The path data of ChannelAttribution: path, conversions, their value, paths without a conversion."""
    (archive,) = sources.glob("[cC]hannel[aA]ttribution-*.tar.gz")
    with tarfile.open(archive) as files:
        (member,) = (name for name in files.getnames() if name.endswith("/data/Data.csv"))
        content = files.extractfile(member)
        assert content is not None
        lines = csv.DictReader(io.TextIOWrapper(content, "utf-8"), delimiter=";")
        return [
            (
                line["path"],
                int(line["total_conversions"]),
                float(line["total_conversion_value"]),
                int(line["total_null"]),
            )
            for line in lines
        ]


def channel_attribution(rows: Rows, simulate: bool) -> dict[str, Any]:
    import ChannelAttribution
    import pandas as pd

    data = pd.DataFrame(rows, columns=["path", "conversions", "value", "nulls"])
    rules = ChannelAttribution.heuristic_models(data, "path", "conversions", var_value="value", flg_pro=False)
    answer: dict[str, Any] = {
        "rules": {
            row["channel_name"]: {name: row[name] for name in rules.columns if name != "channel_name"}
            for _, row in rules.iterrows()
        }
    }
    for order in (1, 2):
        moves = ChannelAttribution.transition_matrix(data, "path", "conversions", "nulls", order=order, flg_pro=False)
        names = {str(row["id_channel"]): row["channel_name"] for _, row in moves["channels"].iterrows()}
        answer[f"transitions_{order}"] = {
            "names": names,
            "moves": [
                (row["channel_from"], row["channel_to"], row["transition_probability"])
                for _, row in moves["transition_matrix"].iterrows()
            ],
        }
    if simulate:
        simulated = ChannelAttribution.markov_model(
            data, "path", "conversions", var_value="value", var_null="nulls", seed=1, verbose=False, flg_pro=False
        )
        answer["simulated"] = {row["channel_name"]: row["total_conversions"] for _, row in simulated.iterrows()}
    return answer


def marketing_attribution_models(rows: Rows, hours: int) -> dict[str, dict[str, float]]:
    import polars as pl
    from mam.core import MAM
    from mam.models.shapley import ShapleyModel

    listed = [(path, True, conversions) for path, conversions, _, _ in rows if conversions]
    listed += [(path, False, nulls) for path, _, _, nulls in rows if nulls]
    model = MAM(
        df=pl.DataFrame(listed, schema=["journey", "has_conversion", "occurrences"], orient="row"),
        format_type="grouped_journey",
        channels_colname="journey",
        journey_with_conv_colname="has_conversion",
        occurrences_colname="occurrences",
    )
    # Of paths with their times every one counts once, so that its conversions are its value.
    timed = [
        (path, " > ".join(str(hours * age) for age in range(path.count(">") + 1, 0, -1)), True, float(conversions))
        for path, conversions, _, _ in rows
        if conversions
    ]
    aged = MAM(
        df=pl.DataFrame(
            timed, schema=["journey", "time_till_end", "has_conversion", "value"], orient="row"
        ).with_row_index("journey_id"),
        format_type="journey",
        channels_colname="journey",
        journey_with_conv_colname="has_conversion",
        conversion_value_colname="value",
    )
    results = {
        "first": model.run_first_click(),
        "last": model.run_last_click(),
        "linear": model.run_linear(),
        "position": model.run_position_based(),
        "time_decay": aged.run_time_decay(half_life_hours=7 * 24),
        "shapley": model.run_shapley(),
    }
    answer = {
        name: dict(result.to_polars().select("channels", "attribution").iter_rows()) for name, result in results.items()
    }
    # A setting of its earlier versions that it still computes but no longer offers.
    pairs = ShapleyModel(max_size=2)
    pairs._compute_shapley(model.unified_df, order=True)
    answer["shapley_of_ordered_pairs"] = dict(
        pairs.get_aggregated_results(model.unified_df).select("channels", "attribution").iter_rows()
    )
    # Its credits share each path by weight; the removal effects themselves are what the definition gives.
    answer["removal_effects"] = model.run_markov().metadata["removal_effect"]["removal_effect"].to_dict()
    return answer


def main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    rows, hours = shipped_paths(Path(sys.argv[2])), int(sys.argv[3])
    # They print advertisements.
    with contextlib.redirect_stdout(io.StringIO()):
        answers = {
            "shipped": {"rows": rows, "channel_attribution": channel_attribution(rows, simulate=True)},
            "given": [
                {
                    "channel_attribution": channel_attribution(paths, simulate=False),
                    "marketing_attribution_models": marketing_attribution_models(paths, hours),
                }
                for paths in given
            ],
        }
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()

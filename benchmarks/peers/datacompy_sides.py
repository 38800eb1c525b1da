"""What datacompy makes of two frames with unique keys; runs in the peers' environment, without this package.

Reads two CSV files of text columns `id` and `amount`, prints one JSON object: sorted ids by `matched`, `differing`,
`left_only` and `right_only`.
"""

import json
import sys

import datacompy
import pandas as pd


def sides(left_path: str, right_path: str) -> dict[str, list[str]]:
    left, right = (pd.read_csv(path, dtype=str) for path in (left_path, right_path))
    compare = datacompy.PandasCompare(left, right, join_columns=["id"])
    common = compare.intersect_rows
    same = common["amount_match"]
    return {
        "matched": sorted(common.loc[same, "id"]),
        "differing": sorted(common.loc[~same, "id"]),
        "left_only": sorted(compare.df1_unq_rows["id"]),
        "right_only": sorted(compare.df2_unq_rows["id"]),
    }


if __name__ == "__main__":
    json.dump(sides(*sys.argv[1:]), sys.stdout)

"""Pages → tables. Pulling writes files only; one short exclusive step moves them into DuckDB.

What is asked: `state` what the warehouse knows already · `resume` what earlier runs left unfinished · `plan` the
questions of each account · `forecast` the plan in words.

Network → files: `extract` questions in turn · `window` one window to its end · `jobs` streams that the network prepares
first · `control` the network's own totals · `pages` files and manifests.

Dropped files → files: `sheets` a file's rows · `records` rows → records · `files` which there are, and their pages.

Files → warehouse: `warehouse` the one way to open the file · `tables` what exists in it · `configuration` what models
read of it · `load` pages → raw · `typed` JSON → typed columns · `validation` raw → valid and quarantine · `notes`
windows and pages · `calls` calls and circuits · `letters` dead letters · `replay` all of it judged again.

What it says of a source: `drift` new, vanished and retyped fields · `totals` the network's totals beside what was
read · `coverage` what later windows made good · `standing` whether figures are withheld.

What is kept of differences: `differences` what they did each night · `decisions` what people decide about them.

`night` one source's share of a night · `report` its outcome.
"""

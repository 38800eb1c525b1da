"""Templates → the files of a network. A name with `SLUG` in it is that network's; nothing that exists is touched."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Template

from affiliate_assets.errors import ConfigError

TEMPLATES = Path(__file__).parent / "templates"
_SLUG = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LINES = re.compile(r"^  networks:\n(?:    - \{.*\}\n)+", re.MULTILINE)


def scaffold(root: Path, slug: str, title: str | None = None, *, by_file: bool = False) -> list[Path]:
    """Write every file of a new network below the project's folder, and its line into `dbt_project.yml`.

    Args:
        root: The project's folder.
        slug: The network's name in lower snake case.
        title: Its own spelling; made of the slug where it is not given.
        by_file: It is read from dropped files; else it is asked over HTTP.

    Returns:
        The files written, the line's file last.

    Raises:
        ConfigError: The name is not fit for a network, or one of its files exists already.
    """
    if not _SLUG.fullmatch(slug):
        raise ConfigError(
            f"{slug!r} is no name for a network.", next_step="choose lower snake case, such as commission_factory."
        )
    words = slug.split("_")
    values = {
        "slug": slug,
        "title": title or " ".join(word.capitalize() for word in words),
        "class_name": "".join(word.capitalize() for word in words),
        "host": f"{slug.replace('_', '-')}.example",
        "publishers": "those known from its lines"
        if by_file
        else "those listed, and those known from conversions only",
        "today": f"{datetime.now(UTC):%Y-%m-%d}",
    }
    rooms = (TEMPLATES / "common", TEMPLATES / ("by_file" if by_file else "api"))
    files = {
        root / str(path.relative_to(room)).replace("SLUG", slug).removesuffix(".tmpl"): path
        for room in rooms
        for path in sorted(room.rglob("*.tmpl"))
    }
    there = [path for path in files if path.exists()]
    if there:
        raise ConfigError(
            f"{there[0].relative_to(root)} exists already.", next_step="choose another name, or remove it first."
        )
    project = root / "dbt_project" / "dbt_project.yml"
    listed = _with_line(project.read_text(encoding="utf-8"), slug)
    for path, template in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(template.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")
    project.write_text(listed, encoding="utf-8")
    return [*files, project]


def _with_line(settings: str, slug: str) -> str:
    """The settings of dbt with the network's line below the others."""
    found = _LINES.search(settings)
    if found is None:
        raise ConfigError(
            "dbt_project.yml has no list `networks:` under `vars:`.", next_step="restore it, one line a network."
        )
    return settings[: found.end()] + f"    - {{name: {slug}}}\n" + settings[found.end() :]

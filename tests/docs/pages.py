"""The documentation as text: which pages there are, and what of them can be checked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")


def project_files() -> list[Path]:
    """Files that belong to the repository: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    return sorted(file for file in files if file.is_file())


def pages() -> list[Path]:
    """All Markdown pages but the dbt doc blocks."""
    return [file for file in project_files() if file.suffix == ".md" and "dbt_project" not in file.parts]


def fenced(page: Path) -> list[tuple[str, str]]:
    """Language and text of each fenced block, without the indentation of the fence."""
    found = []
    for indent, language, text in _FENCED.findall(page.read_text(encoding="utf-8")):
        lines = text.splitlines()
        found.append((language, "\n".join(line.removeprefix(indent) for line in lines) + "\n"))
    return found


def commands(page: Path) -> list[str]:
    """What a reader would type: fenced lines and inline code that call make or affiliate."""
    text = page.read_text(encoding="utf-8")
    fenced_lines = [line.strip() for _, block in fenced(page) for line in block.splitlines()]
    inline = _INLINE.findall(_FENCED.sub("", text).replace("\n", " "))
    return [line for line in [*fenced_lines, *inline] if re.match(r"(\S+=\S+ )*(make|(\S*/)?affiliate) [a-z-]", line)]


def anchors(page: Path) -> set[str]:
    """The anchors that the headings of a page make."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

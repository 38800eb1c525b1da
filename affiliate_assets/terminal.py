"""What every command prints on and ends with."""

from __future__ import annotations

import typer
from rich.console import Console

from affiliate_assets.errors import AffiliateError, ConfigError

# Tables of money are cut off at the 80 columns that rich takes for a pipe.
console = Console(highlight=False, markup=False, soft_wrap=True, width=max(130, Console().width))
EXIT_FAILED, EXIT_CONFIG, EXIT_PARTIAL = 1, 2, 3


class Told:
    """Prints an error of this project as its message, without a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, AffiliateError):
            console.print(str(error), style="red")
            raise typer.Exit(EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_FAILED) from None

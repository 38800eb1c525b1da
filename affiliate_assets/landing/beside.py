"""Loading what has landed while a pull goes on, whenever it is a full batch and the warehouse is free.

The warehouse is held while full batches wait, not for as long as a rate limit makes the pull last.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from affiliate_assets.connectors.language import Stream
from affiliate_assets.errors import AffiliateError, RetryableError
from affiliate_assets.landing import batches
from affiliate_assets.landing.load import LoadResult, added, load_landed
from affiliate_assets.landing.warehouse import connection

log = logging.getLogger(__name__)


@dataclass
class LoadBeside:
    """The loads beside one network's pull.

    Attributes:
        loaded: What they brought, by stream name.
    """

    warehouse: Path
    landing: Path
    network: str
    streams: Sequence[Stream]
    loaded: dict[str, LoadResult] = field(default_factory=dict)
    _landed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, size: int) -> None:
        """A page of so many bytes has landed."""
        with self._lock:
            self._landed += size

    def load(self, is_over: Callable[[], bool]) -> None:
        """Load the full batches that have landed, if there may be one and nobody has the warehouse.

        `is_over` tells that no more will land. What goes wrong here is left to the load after the pull, which tells it.
        """
        if self._landed < batches.BATCH_BYTES:
            return
        try:
            with connection(self.warehouse, patience=0) as warehouse:
                self.note(-self._landed)
                for stream in self.streams:
                    loaded = load_landed(warehouse, self.landing, self.network, stream, is_over)
                    self.loaded = added(self.loaded, {stream.name: loaded})
        except RetryableError:
            # Somebody has it: what landed still counts, and is looked at again in a moment.
            return
        except (AffiliateError, duckdb.Error) as error:
            log.warning("[%s] A load beside the pull failed, and is left to the load after it: %s", self.network, error)

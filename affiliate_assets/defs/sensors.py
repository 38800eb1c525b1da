"""Files that arrive start a run of their sources, once they are whole."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence

import dagster as dg
import msgspec

from affiliate_assets.connectors.files import FileSource
from affiliate_assets.defs.jobs import ARRIVALS, source_keys
from affiliate_assets.errors import AffiliateError
from affiliate_assets.landing.files import Drop, drops_of, waiting
from affiliate_assets.settings import Settings, load_settings

SENSOR = "files_arrived"
# A file that was changed so lately may still be written.
SETTLES_AFTER = 30


class Sight(msgspec.Struct):
    """How a file looked at the last tick: its size and time of change, and its content once that was settled."""

    size: int
    changed_ns: int
    content: str | None = None

    def looks_like(self, other: Sight) -> bool:
        return (self.size, self.changed_ns) == (other.size, other.changed_ns)


def files_arrived(sources: Sequence[FileSource]) -> dg.SensorDefinition:
    """One sensor for the exports of the shop and all configured networks by file; off until somebody switches it on."""

    @dg.sensor(
        name=SENSOR,
        job_name=ARRIVALS,
        minimum_interval_seconds=SETTLES_AFTER,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Starts a run for files that are new or changed, once nobody writes them any more.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        settings = load_settings()
        before = msgspec.json.decode(context.cursor, type=dict[str, Sight]) if context.cursor else {}
        now: dict[str, Sight] = {}
        arrived: dict[str, FileSource] = {}
        unsettled = 0
        for source in sources:
            for drop in drops_of(settings, source):
                account = f"{source.slug}:{drop.account_id}:"
                name = f"{account}{drop.path}"
                try:
                    sight = _seen(drop, before.get(name))
                    if sight is None:
                        continue
                    now[name] = sight
                    unsettled += sight.content is None
                    if _is_new(settings, source, drop, sight, [s for n, s in before.items() if n.startswith(account)]):
                        arrived[f"{name}:{sight.content}"] = source
                except AffiliateError as error:
                    context.log.warning(str(error))
        context.update_cursor(msgspec.json.encode(now).decode())
        if not arrived:
            yield dg.SkipReason(f"{unsettled} files are still being written." if unsettled else "No file has arrived.")
            return
        chosen = list({source.slug: source for source in arrived.values()}.values())
        left_out = source_keys(source for source in sources if source not in chosen)
        assert context.repository_def is not None
        everything = set(context.repository_def.get_job(ARRIVALS).asset_layer.executable_asset_keys)
        yield dg.RunRequest(
            run_key=hashlib.sha256("\n".join(sorted(arrived)).encode()).hexdigest(),
            asset_selection=sorted(everything - left_out),
            tags={"affiliate/sources": ",".join(source.slug for source in chosen)},
        )

    return sensor


def _seen(drop: Drop, before: Sight | None) -> Sight | None:
    """How the file looks now, with its content if it is settled; None where it is gone."""
    try:
        stat = drop.path.stat()
    except FileNotFoundError:
        return None
    sight = Sight(stat.st_size, stat.st_mtime_ns)
    same = before is not None and before.looks_like(sight)
    if same and before is not None and before.content is not None:
        return before
    age = time.time() - stat.st_mtime
    # A clock that is ahead, on another machine's disk, says nothing of the age.
    if (age >= SETTLES_AFTER and (before is None or same)) or (age < 0 and same):
        sight.content = drop.content
    return sight


def _is_new(settings: Settings, source: FileSource, drop: Drop, sight: Sight, before: list[Sight]) -> bool:
    """Whether the file has settled since the last tick, with content that no run was started for."""
    if sight.content is None:
        return False
    if any(sight.content == earlier.content for earlier in before):
        return False
    # A file of no stream starts a run too, which tells what to do with it.
    return drop.stream is None or bool(waiting(settings, source, [drop]))

"""What a run says of one stream, as asset checks."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from affiliate_assets.connectors.language import Stream
from affiliate_assets.landing.pages import Manifest
from affiliate_assets.landing.report import Night
from affiliate_assets.landing.standing import Standing
from affiliate_assets.landing.validation import Verdict

COMPLETE, ACCOUNTED, DRIFT, PANDERA = "complete", "accounted", "drift", "pandera"


def complete_check(key: dg.AssetKey, windows: Sequence[Manifest], night: Night) -> dg.AssetCheckResult:
    unread = [window for window in windows if window.status not in ("complete", "abandoned")]
    messages = dict.fromkeys([*(window.message or "" for window in unread), *night.not_asked])
    resumable = sorted(window.resume_at for window in unread if window.resume_at)
    return dg.AssetCheckResult(
        check_name=COMPLETE,
        asset_key=key,
        passed=not unread and not night.not_asked and not night.standing.held,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "windows": len(windows),
            "not_complete": len(unread),
            "proofs": ", ".join(sorted({window.proof for window in windows if window.proof})) or "none",
            "goes_on_at": resumable[0].isoformat() if resumable else "next run",
            "figures": "; ".join(night.standing.reasons) if night.standing.held else "not withheld",
            "messages": "\n".join(messages) or "none",
        },
    )


def accounted_check(key: dg.AssetKey, stream: Stream, standing: Standing) -> dg.AssetCheckResult:
    lost = [window_id for name, window_id in standing.unaccounted if name == stream.name]
    return dg.AssetCheckResult(
        check_name=ACCOUNTED,
        asset_key=key,
        passed=not lost,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"windows_with_lost_records": len(lost), "window_ids": ", ".join(lost) or "none"},
    )


def drift_check(key: dg.AssetKey, stream: Stream, standing: Standing) -> dg.AssetCheckResult:
    found = [drift for drift in standing.drift if drift.stream == stream.name]
    columns = ("field", "what", "records", "masked sample", "first seen")
    return dg.AssetCheckResult(
        check_name=DRIFT,
        asset_key=key,
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR if any(drift.breaks for drift in found) else dg.AssetCheckSeverity.WARN,
        metadata={
            "fields": ", ".join(sorted({drift.field for drift in found})) or "none",
            "found": dg.MetadataValue.table(
                records=[
                    dg.TableRecord(
                        {
                            "field": drift.field,
                            "what": drift.told,
                            "records": drift.records,
                            "masked sample": drift.masked_sample or "",
                            "first seen": f"{drift.first_seen_at:%Y-%m-%d %H:%M}",
                        }
                    )
                    for drift in found
                ],
                schema=dg.TableSchema(
                    columns=[dg.TableColumn(name, "int" if name == "records" else "string") for name in columns]
                ),
            ),
        },
    )


def pandera_check(key: dg.AssetKey, source: str, stream: Stream, verdict: Verdict) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=PANDERA,
        asset_key=key,
        passed=not verdict.broken_rules and not verdict.rejected and not verdict.flagged,
        severity=dg.AssetCheckSeverity.ERROR if verdict.broken_rules else dg.AssetCheckSeverity.WARN,
        metadata={
            "accepted": verdict.accepted,
            "rejected": verdict.rejected,
            "flagged": verdict.flagged,
            "failed_checks": dg.MetadataValue.json(verdict.checks),
            "broken_rules": ", ".join(verdict.broken_rules) or "none",
            "quarantine_table": f"quarantine.{source}__{stream.name}",
        },
    )

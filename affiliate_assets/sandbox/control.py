"""The sandbox's own addresses: health, calls, clock and faults, for another process to watch and steer it."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from affiliate_assets.sandbox.faults import EVERY_FAULT
from affiliate_assets.sandbox.registry import NETWORKS
from affiliate_assets.sandbox.times import to_epoch, zulu

if TYPE_CHECKING:
    from affiliate_assets.sandbox.server import Sandbox


def routes(sandbox: "Sandbox") -> list[Route]:
    """Return the routes below `/_sandbox`; none of them is logged or limited."""

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "now": _now(sandbox), "networks": list(sandbox.networks)})

    async def list_calls(request: Request) -> Response:
        calls = [asdict(call) | {"sim_time": zulu(to_epoch(call.sim_time))} for call in list(sandbox.calls)]
        return JSONResponse({"calls": calls, "breaches": len(sandbox.breaches)})

    async def move_clock(request: Request) -> Response:
        try:
            sandbox.set_clock(datetime.fromisoformat((await request.json())["now"]))
        except (ValueError, KeyError, TypeError) as error:
            return _refused(f"now must be an instant with its offset: {error}")
        return JSONResponse({"now": _now(sandbox)})

    async def list_faults(request: Request) -> Response:
        kinds = [
            {
                "kind": fault.name,
                "description": fault.description,
                "group": fault.group,
                "networks": sorted(slug for slug in sandbox.networks if fault.suits(NETWORKS[slug])),
                "calls": fault.length,
            }
            for fault in EVERY_FAULT.values()
            if any(fault.suits(NETWORKS[slug]) for slug in sandbox.networks)
        ]
        return JSONResponse({"kinds": kinds, "served": [asdict(served) for served in list(sandbox.faults_served)]})

    async def add_fault(request: Request) -> Response:
        try:
            asked: dict[str, Any] = dict(await request.json())
            if "seed" in asked:
                sandbox.random_faults(int(asked["seed"]), asked["rate"], asked.get("kinds"))
            else:
                after, times = int(asked.get("after", 0)), int(asked.get("times", 1))
                sandbox.inject(asked["network"], asked["kind"], after=after, times=times)
        except (ValueError, KeyError, TypeError) as error:
            return _refused(f"a fault needs network and kind, or seed and rate: {error}")
        return JSONResponse({"faults": "added"})

    async def clear_faults(request: Request) -> Response:
        sandbox.clear_faults()
        return JSONResponse({"faults": "cleared"})

    return [
        Route("/_sandbox/health", health),
        Route("/_sandbox/calls", list_calls),
        Route("/_sandbox/clock", move_clock, methods=["POST"]),
        Route("/_sandbox/faults", list_faults),
        Route("/_sandbox/faults", add_fault, methods=["POST"]),
        Route("/_sandbox/faults", clear_faults, methods=["DELETE"]),
    ]


def _now(sandbox: "Sandbox") -> str:
    return zulu(to_epoch(sandbox.clock))


def _refused(message: str) -> Response:
    return JSONResponse({"error": message}, 400)

"""A brand's world with known truth, and emulated networks over it served on the loopback interface.

Everything here is written from the networks' published descriptions and shares no code with the connectors,
so that an error on one side cannot hide an error on the other.
"""

from affiliate_assets.sandbox.builder import build_world
from affiliate_assets.sandbox.calls import Call
from affiliate_assets.sandbox.config import Account, Style, WorldConfig
from affiliate_assets.sandbox.faults import EVERY_FAULT, FAULTS, FaultServed
from affiliate_assets.sandbox.further import EVERY_KIND
from affiliate_assets.sandbox.hits import Fault
from affiliate_assets.sandbox.registry import NETWORKS
from affiliate_assets.sandbox.scenarios import KINDS
from affiliate_assets.sandbox.server import LIMITS, Sandbox
from affiliate_assets.sandbox.wire import DELETE
from affiliate_assets.sandbox.world import World

__all__ = [
    "DELETE",
    "EVERY_FAULT",
    "EVERY_KIND",
    "FAULTS",
    "KINDS",
    "LIMITS",
    "NETWORKS",
    "Account",
    "Call",
    "Fault",
    "FaultServed",
    "Sandbox",
    "Style",
    "World",
    "WorldConfig",
    "build_world",
]

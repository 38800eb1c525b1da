"""Where a touch lands: the address of the shop's page with what tags and networks write into it."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from affiliate_assets.sandbox.config import SHOPS
from affiliate_assets.sandbox.journeys import AFFILIATE, EMAIL, ORGANIC, PAID_SEARCH
from affiliate_assets.sandbox.people import digest

if TYPE_CHECKING:
    from affiliate_assets.sandbox.world import World

_PAGES = ("", "lamps", "rugs", "sofas", "chairs/office", "sale")


def landing(world: "World", place: int, rank: int) -> tuple[str, str, str, str, str]:
    """Return utm source, medium, campaign, landing URL and referrer of a touch."""
    touches, seed = world.touches, world.config.seed
    channel, at = touches.channel[place], touches.at[place]
    token = digest(seed, "touch", rank)
    source = medium = campaign = referrer = ""
    query: dict[str, str] = {}
    if channel == AFFILIATE:
        click, network = world.click_at(rank), world.market.network_of(touches.account[place])
        source, medium, campaign = network.slug, "affiliate", click.publisher.key
        referrer = f"https://www.{click.publisher.site}/"
        query |= network.landing(click)
    elif channel == PAID_SEARCH:
        source, medium, campaign, referrer = "google", "cpc", "brand", "https://www.google.com/"
        query["gclid"] = f"Cj0KCQ{token}"
    elif channel == EMAIL:
        source, medium, campaign = "newsletter", "email", f"week-{at // 604_800 % 52 + 1}"
        query["mc_cid"] = token[:10]
    elif channel == ORGANIC:
        referrer = "https://www.bing.com/" if rank % 3 == 0 else "https://www.google.com/"
    for click in world.tracked_at(rank):
        query |= next(each for each in world.market.networks if each.slug == click.account.network).landing(click)
    if source:
        query |= {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign}
    shop = SHOPS[touches.shop[place]].name
    url = f"https://www.acme-home.example/{shop}/{_PAGES[rank % len(_PAGES)]}"
    return source, medium, campaign, f"{url}?{urlencode(query)}" if query else url, referrer

"""ShareASale, from its saved activity exports: the network is closed, and nothing new comes."""

from __future__ import annotations

from affiliate_assets.connectors.files import FileConnector, FileFormat, FileStream
from affiliate_assets.networks.shareasale import schema

ACTIVITY = FileStream(
    name="activity",
    description="One transaction of a publisher, as the activity report has it on the day of its export.",
    key=("trans_id",),
    schema=schema.ACTIVITY,
    time_zone="America/Chicago",
    columns=schema.COLUMNS,
    dropped=frozenset({"Merchant Organization", "Merchant Website"}),
    joined={"clicked_at": ("click_date", "click_time")},
    hosts={"banner_page": "banner_host"},
    owned_by="merchant_id",
    # Excel and other tools that a saved export went through write Windows' encoding.
    format=FileFormat(encodings=("utf-8-sig", "cp1252"), delimiter="|", quote="", needs_newline=True),
)

CONNECTOR = FileConnector(
    slug="shareasale",
    title="ShareASale",
    streams=(ACTIVITY,),
    owner="team:affiliate-data",
    docs_url="https://www.awin.com/us/advertisers/shareasale-upgrade",
    correction="in_place",
    tells_status=True,
    tells_payment=True,
    lock_rule="on its lock date, told with each transaction; locked = 1 from then on",
    currency="USD",
)

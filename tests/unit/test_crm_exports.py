"""The exports of HubSpot and Salesforce as they come, and what is refused, held back and kept of them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from affiliate_assets.errors import ConfigError
from affiliate_assets.settings import load_settings
from tests.conftest import FIRST_MORNING, Brand
from tests.unit import workbook
from tests.unit.test_exports import keyed, landed

DROPS = Path(__file__).parent / "drops"
HUBSPOT = DROPS / "hubspot-crm-exports-all-deals-2026-02-01.csv"
REPORT = DROPS / "report1769911200000.csv"
DEALS = (
    '[[exports]]\nstream = "hubspot_deals"\npath = "exports/hubspot*"\nshop = "main"\ncurrency = "EUR"\n'
    'time_zone = "Europe/Berlin"\n'
)
OPPORTUNITIES = (
    '[[exports]]\nstream = "salesforce_opportunities"\npath = "exports/*[rto]*.csv"\nshop = "main"\ncurrency = "EUR"\n'
    'time_zone = "Europe/Berlin"\n'
)
BY_NAME = """columns = {order_id = "Opportunity Name"}\norder_id_pattern = "SHOP-[0-9]+"\ndates = ["%d/%m/%Y"]\n"""
GERMAN = (
    'columns = {order_id = "Opportunity-Name"}\norder_id_pattern = "SHOP-[0-9]+"\n'
    'dates = ["%d.%m.%Y %H:%M"]\ndecimal = ","\nthousands = "."\n'
)
QUARANTINED = "select _key, failed_checks from quarantine.crm__{} where released_at is null order by all"
DEAL = (
    "select record_id, order_id, stage, amount, currency, ordered_at, updated_at, customer_hash"
    " from valid_crm.hubspot_deals order by record_id"
)
OPPORTUNITY = (
    "select record_id, order_id, stage, amount, currency, ordered_at, is_deleted"
    " from valid_crm.salesforce_opportunities order by record_id"
)


@pytest.fixture
def drop(brand: Brand) -> Callable[..., Brand]:
    """Configures one more export, drops a file and reads it."""

    def dropped(block: str, *files: Path | tuple[str, bytes]) -> Brand:
        path = brand.settings.config_path
        text = path.read_text(encoding="utf-8")
        if block not in text:
            path.write_text(f"{text}{block}", encoding="utf-8")
        brand.settings = load_settings(path)
        for file in files:
            if isinstance(file, Path):
                shutil.copy(file, brand.exports)
            else:
                (brand.exports / file[0]).write_bytes(file[1])
        return brand

    return dropped


Dropping = Callable[..., Brand]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_deals_are_read_with_labels_a_byte_order_mark_and_breaks_inside_cells(drop: Dropping) -> None:
    brand = drop(DEALS, HUBSPOT)
    assert brand.load_exports(FIRST_MORNING).problems == ()
    kaethe = keyed("k.mueller@example.org")
    assert brand.query(DEAL) == [
        ("9100000001", "SHOP-100231", "Paid", Decimal("129.9"), "EUR",
         at("2026-01-14 08:21:59"), at("2026-01-20 11:02:59"), kaethe),
        # Two contacts: whose order it is cannot be told.
        ("9100000002", "SHOP-100232", "Paid", Decimal("1249"), "EUR",
         at("2026-01-15 19:44:59"), at("2026-01-15 19:45:59"), None),
        ("9100000003", "SHOP-100240", "Returned", Decimal("0"), "EUR",
         at("2026-01-18 10:00:59"), at("2026-01-25 07:30:59"), None),
        ("9100000004", None, "New", None, None, at("2026-01-19 16:05:59"), at("2026-01-19 16:05:59"), None),
    ]  # fmt: skip


def test_no_name_of_a_person_is_kept(drop: Dropping) -> None:
    brand = drop(DEALS, HUBSPOT)
    brand.load_exports(FIRST_MORNING)
    kept = landed(brand).decode()
    assert "SHOP-100231" in kept
    for personal in ("Müller", "Käthe", "Ada", "@", "Buyer", "Gift"):
        assert personal not in kept


@pytest.mark.parametrize(
    ("name", "created", "stage"),
    [
        ("hubspot-crm-exports-internal-names-2026-02-01.csv", "2026-01-14 08:21:03.512", "closedwon"),
        ("hubspot-crm-exports-todos-los-negocios-2026-02-01.csv", "2026-01-14 08:21:59", "Pagado"),
    ],
)
def test_internal_names_with_epochs_and_spanish_labels_lead_to_the_same_fields(
    drop: Dropping, name: str, created: str, stage: str
) -> None:
    brand = drop(DEALS, DROPS / name)
    assert brand.load_exports(FIRST_MORNING).problems == ()
    first = brand.query(DEAL)[0]
    assert first[:6] == ("9100000001", "SHOP-100231", stage, Decimal("129.9"), "EUR", at(created))


def test_a_report_in_another_encoding_ends_at_its_footer(drop: Dropping) -> None:
    brand = drop(OPPORTUNITIES + BY_NAME, REPORT)
    night = brand.load_exports(FIRST_MORNING)
    assert night.problems == ()
    assert [window.proof for window in night.windows] == ["the whole file was read to its footer"]
    ends = [at(f"2026-01-{day} 22:59:59") for day in (14, 15, 18)]
    assert brand.query(OPPORTUNITY) == [
        ("006Q000000AbCd1", "SHOP-100231", "Closed Won", Decimal("129.9"), "EUR", ends[0], None),
        ("006Q000000AbCd2", "SHOP-100232", "Closed Won", Decimal("1249"), "EUR", ends[1], None),
        ("006Q000000AbCd3", "SHOP-100240", "Closed Lost", None, "EUR", ends[2], None),
    ]
    assert "Gift" not in landed(brand).decode()
    # The name of the file tells the moment of the export.
    assert brand.query("select distinct _observed_at from valid_crm.salesforce_opportunities") == [
        (at("2026-02-01 02:00"),)
    ]


def test_a_german_report_with_comma_and_thousands_gives_the_same_amounts(drop: Dropping) -> None:
    brand = drop(OPPORTUNITIES + GERMAN, DROPS / "report1769911205000_de.csv")
    assert brand.load_exports(FIRST_MORNING).problems == ()
    assert [row[:6] for row in brand.query(OPPORTUNITY)] == [
        ("006Q000000AbCd1", "SHOP-100231", "Abgeschlossen und gewonnen", Decimal("129.9"), "EUR",
         at("2026-01-14 08:21:59")),
        ("006Q000000AbCd2", "SHOP-100232", "Abgeschlossen und gewonnen", Decimal("1249"), "EUR",
         at("2026-01-15 19:44:59")),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["bulk2_result.csv", "dataloader_extract_opportunity.csv"])
def test_an_id_of_18_characters_is_the_record_that_a_report_shows_with_15(drop: Dropping, name: str) -> None:
    brand = drop(OPPORTUNITIES, DROPS / name)
    assert brand.load_exports(FIRST_MORNING).problems == ()
    rows = {row[0]: row for row in brand.query(OPPORTUNITY)}
    assert rows["006Q000000AbCd1"][5:] == (at("2026-01-14 08:21:03"), False)
    assert rows["006Q000000AbCd3"][1:4] == ("SHOP-100240", "Closed Lost", None)
    assert rows["006Q000000AbCd3"][6] is True


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f"])
def test_any_space_may_stand_between_a_date_and_its_time(drop: Dropping, space: str) -> None:
    text = '"Opportunity ID","Order_Number__c","Stage","Amount","Created Date"\n'
    text += f'"006Q000000AbCd1","S-1","Closed Won","5","1/31/2026,{space}2:45{space}PM"\n'
    brand = drop(OPPORTUNITIES + 'dates = ["%m/%d/%Y, %I:%M %p"]\n', ("export.csv", text.encode()))
    assert brand.load_exports(FIRST_MORNING).problems == ()
    assert brand.query(OPPORTUNITY)[0][5] == at("2026-01-31 13:45:59")


def test_a_date_may_be_written_with_its_offset_and_without_seconds(drop: Dropping) -> None:
    text = '"Opportunity ID","Order_Number__c","Stage","Amount","Created Date"\n'
    text += '"006Q000000AbCd1","S-1","Closed Won","5","31.01.2026 14:45 -0500"\n'
    brand = drop(OPPORTUNITIES + 'dates = ["%d.%m.%Y %H:%M %z"]\n', ("export.csv", text.encode()))
    assert brand.load_exports(FIRST_MORNING).problems == ()
    assert brand.query(OPPORTUNITY)[0][5] == at("2026-01-31 19:45:59")


def test_a_spreadsheet_of_deals_gives_the_same_records(drop: Dropping) -> None:
    titles = ["Record ID", "Order number", "Deal Stage", "Amount", "Create Date"]
    cells = ["9100000001", "SHOP-100231", "Paid", workbook.Number("129.9"), at("2026-01-14 09:21")]
    brand = drop(DEALS)
    workbook.write(brand.exports / "hubspot-deals.xlsx", [titles, cells])
    assert brand.load_exports(FIRST_MORNING).problems == ()
    # A whole minute may be all that a cell of a spreadsheet tells.
    assert brand.query(DEAL)[0][:6] == (
        "9100000001", "SHOP-100231", "Paid", Decimal("129.9"), None, at("2026-01-14 08:21:59")
    )  # fmt: skip


TITLES = '"Record ID","Order number","Deal Stage","Amount","Create Date"'
LINE = '"{0}","S-{0}","Paid","{0}.50","2026-01-14 09:21"'


def lines(*rows: str, titles: str = TITLES) -> bytes:
    return "".join(f"{row}\r\n" for row in (titles, *rows)).encode()


WHOLE = lines(LINE.format(1), LINE.format(2))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (WHOLE.decode().replace("Paid", "Bezahlt ä").encode("cp1252"), r"is not UTF-8 \(byte \d+\)"),
        (WHOLE.decode().encode("utf-16"), r"is not UTF-8 \(byte 0\)"),
        (lines(LINE.format(1), titles=TITLES.replace('"Amount",', "")), r"\(line 1\) has no column Amount"),
        (lines(LINE.format(1), titles=TITLES.replace("Amount", "Montant")), r"\(line 1\) has no column Amount"),
        (lines(titles=TITLES.replace('"Deal Stage"', '"Amount"')), r"\(line 1\) has no column Deal Stage"),
        (lines(LINE.format(1), titles=f'{TITLES},"Amount"'), r"\(line 1\) has two columns for amount"),
        (WHOLE[: WHOLE.rindex(b'"')], r"cannot be read as CSV at line 3"),
        (b"", r"\(line 1\) has no column"),
        (b"\xef\xbb\xbf", r"\(line 1\) has no column"),
        (b"PK\x03\x04\x14\x00", r"is a spreadsheet or a zip by its content"),
        (WHOLE.replace(b",", b";"), r"cannot be read as CSV at line 1"),
        (WHOLE.replace(b",", b";").replace(b'"', b""), r"\(line 1\) has no column"),
    ],
    ids=("cp1252", "utf16", "gone", "renamed", "replaced", "twice", "quote", "empty", "mark", "zip", "signs", "bare"),
)  # fmt: skip
def test_a_broken_file_is_refused_whole_with_its_line(drop: Dropping, content: bytes, told: str) -> None:
    brand = drop(DEALS, ("hubspot-deals.csv", content))
    (problem,) = brand.load_exports(FIRST_MORNING).problems
    assert re.search(told, problem), problem
    assert "hubspot-deals.csv" in problem
    assert "nothing of it was taken" in problem
    assert brand.query("select count(*) from raw_crm.hubspot_deals") == [(0,)]


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ('"2.50"', '"2,50"', "amount: type"),
        ('"2.50"', '"1.249,00"', "amount: type"),
        ('"2.50"', '"€ 2.50"', "amount: type"),
        ('"2.50"', '"-2.50"', "amount: greater_than_or_equal_to(0)"),
        ('2026-01-14 09:21"\r\n"2"', '2026-01-14 09:21"\r\n""', "_key: not_nullable; record_id: not_nullable"),
        ("2026-01-14", "14.01.2026", "ordered_at: type"),
        ("2026-01-14 09:21", "", "ordered_at: not_nullable"),
        ('"S-2",', "", "hubspot-deals.csv line 3: 4 fields instead of 5"),
    ],
)
def test_a_broken_row_is_held_back_with_its_reason_and_the_others_go_on(
    drop: Dropping, old: str, new: str, check: str
) -> None:
    text = WHOLE.decode()
    place = text.rindex(old)
    brand = drop(DEALS, ("hubspot-deals.csv", (text[:place] + new + text[place + len(old) :]).encode()))
    brand.load_exports(FIRST_MORNING)
    ((_, checks),) = brand.query(QUARANTINED.format("hubspot_deals"))
    assert checks == check
    assert brand.query("select record_id, amount from valid_crm.hubspot_deals") == [("1", Decimal("1.5"))]


def test_a_point_where_a_comma_is_declared_is_held_back(drop: Dropping) -> None:
    text = (DROPS / "report1769911205000_de.csv").read_text("utf-8").replace("129,90", "129.90")
    brand = drop(OPPORTUNITIES + GERMAN, ("report1769911205000_de.csv", text.encode()))
    brand.load_exports(FIRST_MORNING)
    assert brand.query(QUARANTINED.format("salesforce_opportunities")) == [("006Q000000AbCd1", "amount: type")]


def test_dates_of_another_country_are_held_back_rather_than_read_the_other_way_round(drop: Dropping) -> None:
    brand = drop(OPPORTUNITIES + BY_NAME.replace("%d/%m", "%m/%d"), REPORT)
    brand.load_exports(FIRST_MORNING)
    assert len(brand.query(QUARANTINED.format("salesforce_opportunities"))) == 3


def test_a_footer_in_the_middle_refuses_the_file(drop: Dropping) -> None:
    text = REPORT.read_bytes()
    more = text.split(b"\n")[3]
    brand = drop(OPPORTUNITIES + BY_NAME, (REPORT.name, text + more + b"\n"))
    (problem,) = brand.load_exports(FIRST_MORNING).problems
    assert "has a record below its footer, at line 14" in problem
    assert brand.query("select count(*) from raw_crm.salesforce_opportunities") == [(0,)]


def test_an_export_shows_which_records_were_still_there(drop: Dropping) -> None:
    brand = drop(DEALS, ("hubspot-1.csv", WHOLE))
    os.utime(brand.exports / "hubspot-1.csv", (1769900000, 1769900000))
    brand.load_exports(FIRST_MORNING)
    held = lines(LINE.format(1), LINE.format(3).replace('"3.50"', '"three"'))
    brand = drop(DEALS, ("hubspot-2.csv", held))
    os.utime(brand.exports / "hubspot-2.csv", (1769990000, 1769990000))
    brand.load_exports(FIRST_MORNING + timedelta(days=1))
    seen = brand.query("select account_id, record_key, epoch(last_seen_at)::bigint from ops.sightings order by all")
    # The second version of 1 is no new one, and 3 is in quarantine: both were there.
    assert seen == [("main", "1", 1769990000), ("main", "2", 1769900000), ("main", "3", 1769990000)]
    assert brand.query("select count(*) from valid_crm.hubspot_deals") == [(2,)]


def test_what_the_models_need_of_the_configuration_lies_beside_the_data(drop: Dropping) -> None:
    brand = drop(
        DEALS + 'amount_is = "net_goods"\nis_full = true\nstages = {paid = ["Paid ", "closedwon"], open = ["New"]}\n',
        HUBSPOT,
    )
    brand.load_exports(FIRST_MORNING)
    assert brand.query("select stream, shop, position, currency, amount_is, is_full from config.crm_exports") == [
        ("hubspot_deals", "main", 1, "EUR", "net_goods", True)
    ]
    assert brand.query("select stage, status from config.crm_stages order by all") == [
        ("closedwon", "paid"),
        ("new", "open"),
        ("paid", "paid"),
    ]


def test_a_column_of_the_brands_own_is_read_and_then_needed(drop: Dropping) -> None:
    columns = 'columns = {tax = "VAT amount", shop = "Store"}\nleft_out = ["Close Date"]\n'
    file = lines(f'{LINE.format(1)},"0.24","outlet",""', titles=f'{TITLES},"VAT amount","Store","Close Date"')
    brand = drop(DEALS + columns, ("hubspot-1.csv", file))
    night = brand.load_exports(FIRST_MORNING)
    assert night.problems == ()
    assert night.loads["hubspot_deals"].unknown_fields == ()
    assert brand.query("select tax, shop, _account_id from valid_crm.hubspot_deals") == [
        (Decimal("0.24"), "outlet", "main")
    ]
    brand = drop(DEALS + columns, ("hubspot-2.csv", WHOLE))
    (problem,) = brand.load_exports(FIRST_MORNING + timedelta(days=1)).problems
    assert "hubspot-2.csv (line 1) has no column Store, VAT amount" in problem


def test_the_columns_of_the_shop_may_have_other_titles_too(drop: Dropping) -> None:
    brand = drop("")
    path = brand.settings.config_path
    text = path.read_text("utf-8").replace(
        'stream = "orders"\n',
        'stream = "orders"\ncolumns = {order_id = "Bestellung"}\ndelimiter = ";"\ndecimal = ","\n',
    )
    path.write_text(text, encoding="utf-8")
    header = (
        "Bestellung;shop;ordered_at;updated_at;status;currency;subtotal;discount;shipping;tax;total;refunded;"
        "refunded_subtotal;voucher_code;customer_email;customer_type;gift_card;item_count\n"
    )
    row = "7;de;2026-01-14T10:22:05Z;2026-01-14T10:22:05Z;paid;EUR;100;0;5;20,95;125,95;0;0;;;new;25,50;3\n"
    brand = drop("", ("orders_1.csv", (header + row).encode()))
    assert brand.load_exports(FIRST_MORNING).problems == ()
    assert brand.query("select order_id, tax, gift_card, item_count from valid_crm.orders") == [
        ("7", Decimal("20.95"), Decimal("25.5"), 3)
    ]


def test_a_field_that_is_none_is_told_with_those_there_are(drop: Dropping) -> None:
    brand = drop(DEALS + 'columns = {ordernumber = "Order"}\n')
    (problem,) = brand.load_exports(FIRST_MORNING).problems
    assert re.search(r"hubspot_deals has no field ordernumber\. Next: .*choose from .*order_id", problem)


def test_a_name_is_not_taken_for_the_order_id_without_saying_what_of_it(drop: Dropping) -> None:
    brand = drop(DEALS + 'columns = {order_id = "Deal Name"}\n', HUBSPOT)
    (problem,) = brand.load_exports(FIRST_MORNING).problems
    assert "may hold a customer's name" in problem
    assert not list(brand.settings.landing.rglob("*.zst"))
    path = brand.settings.config_path
    path.write_text(path.read_text("utf-8") + 'order_id_pattern = "(SHOP-[0-9]+)"\n', encoding="utf-8")
    brand = drop("")
    assert brand.load_exports(FIRST_MORNING).problems == ()
    assert [row[1] for row in brand.query(DEAL)] == ["SHOP-100231", "SHOP-100232", "SHOP-100240", None]
    assert "Müller" not in landed(brand).decode()


@pytest.mark.parametrize(
    ("block", "told"),
    [
        (DEALS.replace('shop = "main"\n', "").replace('currency = "EUR"\n', ""), "needs shop, currency"),
        (DEALS.replace('"main"', '"../main"'), ".shop: String should match"),
        (DEALS + DEALS, "hubspot_deals of shop main is listed more than once"),
        (DEALS + 'stages = {paid = ["Paid"], refunded = ["paid "]}\n', "stages names 'paid' twice"),
        (DEALS + 'stages = {won = ["Paid"]}\n', "stages.won"),
        (DEALS + 'dates = ["%H:%M"]\n', "does not tell a day"),
        (DEALS + 'dates = ["%Y-%m-%d %H:%M %Z"]\n', "only an offset can be read"),
        (DEALS + 'encoding = "utf-99"\n', "is no encoding"),
        (DEALS + 'order_id_pattern = "(a)(b)"\n', "several groups"),
        (DEALS + 'order_id_pattern = "("\n', "not a regular expression"),
        (DEALS + 'decimal = ","\nthousands = ","\n', "the same sign"),
        (DEALS + 'columns = {tax = "A", discount = "A"}\n', "'A' is named for two fields"),
        ('[[exports]]\nstream = "orders"\npath = "x"\nis_full = true\n', "is_full: only for hubspot_deals"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(drop: Dropping, block: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        drop(block)


def test_a_time_zone_without_the_hour_is_read_as_the_later_one(drop: Dropping) -> None:
    rows = [LINE.format(number).replace("2026-01-14 09:21", moment) for number, moment in enumerate(
        ("2025-10-26 02:30", "2026-03-29 02:30"), start=1)]  # fmt: skip
    brand = drop(DEALS, ("hubspot-1.csv", lines(*rows)))
    assert brand.load_exports(FIRST_MORNING).problems == ()
    read = [row[5] for row in brand.query(DEAL)]
    assert read[0] == at("2025-10-26 01:30:59")
    assert read[1] in (at("2026-03-29 00:30:59"), at("2026-03-29 01:30:59"))


def test_lines_of_orders_arrive_and_one_without_its_order_is_held_back(drop: Dropping) -> None:
    rows = (
        "order_id,shop,line_id,updated_at,quantity,subtotal,refunded_quantity",
        "7,de,a,2026-01-14T10:22:05Z,3,30.00,1",
        "7,de,b,2026-01-14T10:22:05Z,1,5.00,",
        ",de,c,2026-01-14T10:22:05Z,1,5.00,",
        "7,de,d,2026-01-14T10:22:05Z,a few,5.00,",
    )
    brand = drop(
        '[[exports]]\nstream = "order_items"\npath = "exports/order_items_*.csv"\n',
        ("order_items_1.csv", "".join(f"{row}\n" for row in rows).encode()),
    )
    brand.load_exports(FIRST_MORNING)
    assert brand.query("select _key, quantity, subtotal, refunded_quantity from valid_crm.order_items order by 1") == [
        ("de|7|a", 3, Decimal(30), 1),
        ("de|7|b", 1, Decimal(5), None),
    ]
    assert brand.query(QUARANTINED.format("order_items")) == [
        ("de|7|d", "quantity: type"),
        (None, "_key: not_nullable; order_id: not_nullable"),
    ]

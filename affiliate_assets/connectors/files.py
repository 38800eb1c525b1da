"""The words in which a source is declared whose records arrive as files (CSV, XLSX, Parquet): frozen values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from affiliate_assets.connectors.source import Network, Source, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class FooterTotals:
    """What the lines below the records say of them; each pattern has one group.

    Attributes:
        records: Finds how many records there are.
        amount: Finds the sum of `field`, written as its column is.
        field: The field that is summed.
    """

    records: str | None = None
    amount: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedAt:
    """How a file's name tells the moment of its export, in the zone of the stream.

    Attributes:
        pattern: Finds it in the name; one group.
        form: How it is written, as of `datetime.strptime`; with `unix_ms`, milliseconds since 1970.
    """

    pattern: str
    form: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """How a file is written. What concerns text is of no matter in XLSX, where cells have types.

    Attributes:
        encodings: Tried in turn; the first that fits the whole file counts. One that fits everything, such as
            iso-8859-1, comes last.
        delimiter: Between values.
        quote: Around values that hold a delimiter, doubled inside; empty where nothing is quoted.
        decimal: Between the whole and the fraction of a number.
        thousands: Between thousands of a number; empty for none.
        moments: How dates and times are written, beside ISO 8601: patterns of `datetime.strptime`, tried in turn, and
            `unix_ms`, milliseconds since 1970. They land as ISO 8601, and one that is written otherwise in a list,
            which fits no column. None: they land as they came.
        preamble: Most lines above the titles.
        footer: Finds, in the first cell of a line, the end of the records; that line and those below it are the footer.
        blank_line_ends: The first blank line below the records begins the footer.
        needs_footer: A file without a footer is cut.
        totals: What the footer says of the records.
        needs_newline: A file whose last line has no end is cut.
        sheet: Name of the sheet; the first where it is None.
    """

    encodings: tuple[str, ...] = ("utf-8-sig",)
    delimiter: str = ","
    quote: str = '"'
    decimal: str = "."
    thousands: str = ""
    moments: tuple[str, ...] = ()
    preamble: int = 0
    footer: str | None = None
    blank_line_ends: bool = False
    needs_footer: bool = False
    totals: FooterTotals | None = None
    needs_newline: bool = False
    sheet: str | None = None


@dataclass(frozen=True, kw_only=True)
class FileStream(Stream):
    """A kind of record that arrives as lines of files.

    A number of the schema lands as its shortest exact decimal text; one that is not written as the format says lands
    in a list, which fits no column.

    Attributes:
        columns: Title in the file → field of the record; several titles may name one field where files come in several
            languages, and a file has one of them. Titles may come in any order.
        optional: Fields whose title may be missing; any other missing one refuses the file.
        dropped: Titles that are known and left out on purpose: personal, or not needed.
        joined: Further fields, each made of columns that serve no other purpose, with a blank between: a date and its
            time.
        found: Fields of which only that part of the cell is kept that a pattern finds, its group if it has one; nothing
            where it finds nothing.
        hashed: Personal fields, and the name of the keyed hash that replaces each.
        addresses: Those of them whose cell holds more than an e-mail address: names, several people. The one address in
            it is hashed; with several it is unknown whose it is.
        hosts: Fields with web addresses of which only the host is kept, and its name.
        identity: Where the source has no id: fields that tell its records apart. The one field of `key` is then made of
            them and of the place among lines of a file that agree in them.
        owned_by: Field that names the account of a line; a file with a line of another account is refused.
        names: Which files are of this stream, where one folder holds several, as a shell pattern of the file's name.
        exported_at: Where the name tells the moment of the export; else the file's time of change counts.
        needed: A brand without such files lacks something.
        is_sighted: It is kept when each record was last in a file, so that one that a full export lacks is noticed.
        is_wide: A table of hundreds of columns, of which few are taken: a title that is not known is no news.
        format: How the file is written.
    """

    columns: Mapping[str, str]
    optional: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    found: Mapping[str, str] = field(default_factory=dict)
    hashed: Mapping[str, str] = field(default_factory=dict)
    addresses: frozenset[str] = frozenset()
    hosts: Mapping[str, str] = field(default_factory=dict)
    identity: tuple[str, ...] = ()
    owned_by: str | None = None
    names: str = "*"
    exported_at: ExportedAt | None = None
    needed: bool = True
    is_sighted: bool = False
    is_wide: bool = False
    format: FileFormat = FileFormat()

    @property
    def fields(self) -> frozenset[str]:
        """Every field that a record of this stream has."""
        parts = {part for parts in self.joined.values() for part in parts}
        replaced = {**self.hashed, **self.hosts}
        sent = {replaced.get(name, name) for name in self.columns.values() if name not in parts}
        return frozenset({*sent, *self.joined, *(self.key if self.identity else ())})


@dataclass(frozen=True, kw_only=True)
class FileSource(Source):
    """A source whose records arrive as files."""

    streams: tuple[FileStream, ...]


@dataclass(frozen=True, kw_only=True)
class FileConnector(Network, FileSource):
    """A network that is read from files which somebody drops into a folder of the account."""

    streams: tuple[FileStream, ...]

    def stream(self, name: str) -> FileStream:
        """The stream of that name.

        Raises:
            KeyError: There is none.
        """
        return {stream.name: stream for stream in self.streams}[name]

"""The language a network is declared in. No I/O here, and no network by name.

`language` holds the words of a declaration, `auth` how requests prove who asks, `paging` how an answer becomes
records, `schema` the typed columns of a stream, `planning` which windows a pull has to ask for.
"""

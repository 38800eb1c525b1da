{{ union_networks('programmes') }}

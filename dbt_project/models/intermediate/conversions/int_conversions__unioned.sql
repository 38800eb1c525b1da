{{ union_networks('conversions') }}

{{ union_networks('publishers') }}

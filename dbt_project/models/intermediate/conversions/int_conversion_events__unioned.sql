{{ union_networks('conversion_events') }}

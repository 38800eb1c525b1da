{{ union_networks('clicks') }}

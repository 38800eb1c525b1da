{{ union_networks('quarantine', further=['crm']) }}

{#
    dbt-duckdb builds beside what is there, renames both, and drops the old one: for a database whose DDL is not
    transactional. DuckDB's is, so the old relation goes and the new one comes in one statement of one transaction; if it
    fails, the old one stays. With some hundred small models the renames take longer than the models.
#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if model['language'] == 'python' -%}
        {#- Python writes on a connection of its own, which would wait for what this transaction has dropped. -#}
        {%- set built_relation = make_intermediate_relation(target_relation) -%}
        {%- do drop_relation_if_exists(load_cached_relation(built_relation)) -%}
        {%- call statement('main', language='python') -%}
            {{- create_table_as(False, built_relation, compiled_code, 'python') -}}
        {%- endcall -%}
        {%- call statement('replace') -%}
            {{- drop_replaced(existing_relation) }}
            alter table {{ built_relation }} rename to {{ target_relation.include(database=false, schema=false) }}
        {%- endcall -%}
    {%- else -%}
        {%- call statement('main') -%}
            {{- drop_replaced(existing_relation) }}
            {{ create_table_as(False, target_relation, compiled_code) -}}
        {%- endcall -%}
    {%- endif -%}

    {{ return(replaced(target_relation)) }}
{% endmaterialization %}


{% materialization view, adapter='duckdb' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- call statement('main') -%}
        {{- drop_replaced(existing_relation) }}
        {{ get_create_view_as_sql(target_relation, sql) -}}
    {%- endcall -%}

    {{ return(replaced(target_relation)) }}
{% endmaterialization %}


{% macro drop_replaced(existing_relation) -%}
    {%- if existing_relation is not none -%}
        {%- do adapter.cache_dropped(existing_relation) -%}
        drop {{ existing_relation.type }} {{ existing_relation }};
    {%- endif -%}
{%- endmacro %}


{# What follows in either case once the relation stands in its place. #}
{% macro replaced(target_relation) %}
    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}

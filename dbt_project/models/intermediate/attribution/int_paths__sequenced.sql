{{ config(materialized='table') }}

{{ channel_sequences(ref('int_paths__built'), 'order_key') }}

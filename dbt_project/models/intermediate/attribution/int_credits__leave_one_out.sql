{{ credits_by_channel('leave_one_out', 'cast(coalesce(weights.channel_weight, 0) * 1000000000000 as bigint)') }}

{{ credits_by_channel('markov', 'cast(coalesce(weights.channel_weight, 0) * 1000000000000 as bigint)') }}

{{ credits_by_position('1') }}

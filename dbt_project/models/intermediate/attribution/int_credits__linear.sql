{{ credits('linear', '1', by_position=true) }}

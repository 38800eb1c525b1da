{{ credits('linear', '1') }}

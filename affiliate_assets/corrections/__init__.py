"""What the brand tells the networks: drafted from differences, released by a second person, sent once, proved."""

"""A new network's files from templates: a small network that works, to be changed fact by fact."""

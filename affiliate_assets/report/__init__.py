"""The report of a night: one self-contained page of the published marts, with its charts."""

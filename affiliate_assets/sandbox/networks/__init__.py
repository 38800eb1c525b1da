"""The emulated networks: one module each with a `NETWORK`, found by the registry; the others help them."""

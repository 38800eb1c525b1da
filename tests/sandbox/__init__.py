"""Tests of the sandbox: its world, its truth and its emulated networks."""

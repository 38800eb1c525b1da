"""Every unit test of the models, in one run of dbt."""

from __future__ import annotations

from tests.dbt.conftest import Build, dbt_build


def test_every_unit_test_of_the_models_passes(acme: Build) -> None:
    run = dbt_build(acme.warehouse, acme.target, ("--select", "test_type:unit"), command="test")
    assert run.success
    assert len(run.outcomes) > 150
    assert set(run.outcomes.values()) == {"pass"}

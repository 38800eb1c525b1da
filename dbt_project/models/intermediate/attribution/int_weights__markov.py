from affiliate_assets.attribution.models import Settings
from affiliate_assets.attribution.tables import weights_of


def model(dbt, session):
    settings = Settings(
        markov_order=dbt.config.meta_get("markov_order"),
        bootstrap_samples=dbt.config.meta_get("bootstrap_samples"),
        seed=dbt.config.meta_get("seed"),
    )
    return weights_of("markov", dbt.ref("int_paths__aggregated").pl(), settings)

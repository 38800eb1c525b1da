from affiliate_assets.attribution.models import Settings
from affiliate_assets.attribution.tables import weights_of


def model(dbt, session):
    settings = Settings(
        shapley_game=dbt.config.meta_get("shapley_game"),
        shapley_exact_up_to=dbt.config.meta_get("shapley_exact_up_to"),
        shapley_permutations=dbt.config.meta_get("shapley_permutations"),
        bootstrap_samples=dbt.config.meta_get("bootstrap_samples"),
        seed=dbt.config.meta_get("seed"),
    )
    return weights_of("shapley", dbt.ref("int_paths__aggregated").pl(), settings)

"""The same experiment on a Ray cluster gives the same bytes."""

import pytest
from experiment_files import written

from experiments.conduct import conduct
from experiments.loading import load_experiment
from experiments.pools import Cluster, Processes


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_a_cluster_changes_nothing(tmp_path) -> None:
    ray = pytest.importorskip("ray", reason="needs the extra ray")
    prepared = load_experiment(written(tmp_path))
    conduct(prepared, pool=Processes(1), folder=tmp_path / "here")
    ray.init(
        address="local", num_cpus=2, include_dashboard=False, log_to_driver=False,
        object_store_memory=80_000_000, _node_ip_address="127.0.0.1",
    )  # fmt: skip
    conduct(prepared, pool=Cluster("auto"), folder=tmp_path / "there")
    for name in ("results.csv", "summary.json"):
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()

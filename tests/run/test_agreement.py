"""What processes that train together must have in common, refused by name on each."""

import pytest

from clearhead.errors import ConfigError
from clearhead.run.agreement import check_steps
from clearhead.run.directory import RunDirectory
from clearhead.training.distributed import Group


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (["", "", ""], None),
        (["16", "", "16"], None),  # rank 1 has a disk of its own, and nothing on it
        (
            ["", "16", ""],
            "in rank 1's RUN the run is at step 16, in rank 0's there is none; give an --out on a disk",
        ),
        (["16", "16", "8"], "in rank 2's RUN the run is at step 8, in rank 0's at step 16; give an --out"),
    ],
)
def test_a_run_is_resumed_where_the_first_process_has_it(held, says, tmp_path, monkeypatch):
    directory = RunDirectory(tmp_path / "run")
    for step in filter(None, held[:1]):
        (directory.checkpoints / f"step-{int(step):08}").mkdir(parents=True)

    def gather(group, said):
        assert said == held[0]
        return held

    monkeypatch.setattr(Group, "gather", gather)
    group = Group(rank=0, size=3)
    if says is None:
        check_steps(group, directory)
        return
    with pytest.raises(ConfigError) as refused:
        check_steps(group, directory)
    assert str(refused.value).startswith(says.replace("RUN", str(directory.path)))

"""agent/apply.py; what it does with the state is in test_run.py and test_ending.py."""

from agent.apply import delay
from agent.settings import Settings


def test_each_pause_is_twice_the_last_up_to_the_longest() -> None:
    settings = Settings(retry_first_seconds=60, retry_most_seconds=1000)
    for failures, longest in ((1, 60), (2, 120), (3, 240), (4, 480), (5, 960), (6, 1000), (1000, 1000)):
        pauses = [delay(settings, failures) for _ in range(50)]
        assert all(0.75 * longest <= pause <= longest for pause in pauses)
        # Hosts that failed together do not come back together.
        assert len(set(pauses)) > 1

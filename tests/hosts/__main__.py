"""`python -m tests.hosts FOLDER [--asynchronous]`: plays the story and tells its figures as JSON.

To be started by `tests.hosts.started`, which gives it namespaces of its own.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.hosts.cast import Cast
from tests.hosts.load import Load
from tests.hosts.story import CALM_S, CLIENTS, Story


def main() -> None:
    """Play the whole, or with `--asynchronous` only what a standby that lags behind costs."""
    cast = Cast(Path(sys.argv[1]), synchronous="--asynchronous" not in sys.argv)
    cast.begin()
    web = [cast.hosts[name].address for name in ("app1", "app2")]
    load = Load(web, cast.shop["token"], cast.shop["store"], cast.shop["first"])
    story = Story(cast, load)
    if cast.synchronous:
        story.play()
        story.check()
    else:
        load.begin(CLIENTS)
        time.sleep(CALM_S)
        story.primary_loses_power_inside_the_standbys()
        load.stop()
        task = {"merchant": cast.shop["merchant"], "acknowledged": load.reported()}
        story.figures["writes acknowledged"] = len(load.acknowledged)
        story.figures["acknowledged and lost"] = cast.on_app("checking", task)["lost"]
    print(json.dumps(story.figures, ensure_ascii=False))  # noqa: T201  its answer


if __name__ == "__main__":
    main()

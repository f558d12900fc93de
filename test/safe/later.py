"""A world whose commands see a clock that is ahead (later.c), so that waiting times pass without waiting."""

import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

from world import ROOT, World

DAY = 86_400


def build_clock(folder):
    library = Path(folder) / "later.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library,
                    ROOT / "test/safe/later.c", "-ldl"], check=True)
    return library


class LaterWorld(World):
    """Its commands see a clock that is `later` seconds ahead."""

    def __init__(self, clock, *args, **options):
        self.clock, self.later = clock, 0
        super().__init__(*args, **options)

    def environment(self, extra=None):
        if self.later == 0:
            return super().environment(extra)
        return super().environment({"LD_PRELOAD": str(self.clock), "LC2_TEST_LATER": str(self.later), **(extra or {})})

    def rewind(self, **options):
        super().rewind(**options)
        self.later = 0

    def day(self, ahead):
        at = datetime.now(timezone.utc) + timedelta(seconds=self.later, days=ahead)
        return at.strftime("%Y-%m-%d")

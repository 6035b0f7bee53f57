"""The main job on an invented college: a simulated Moodle, the mock portal, and nvqsync between them.

Everything runs on free loopback ports in this process. ``cases`` lists what the college shows and who shows it.
"""

from nvqsync.demo.cycle import Cycle, first_pass, full_cycle, next_day
from nvqsync.demo.showing import Shown, shown
from nvqsync.demo.stage import Demo, plain, running

__all__ = ["Cycle", "Demo", "Shown", "first_pass", "full_cycle", "next_day", "plain", "running", "shown"]

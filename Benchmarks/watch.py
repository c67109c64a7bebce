"""Who else uses the machine while programs are timed."""
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

BUSY_LIMIT = 0.03  # of one core: more foreign work than this during a program disturbs the round,
BUSY_LEAST = 0.05  # unless it is less than this many seconds: the kernel counts in ticks
STEAL_LIMIT = 0.02  # of one core: time the hypervisor took
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Sample:
    """What the machine's processors have done so far, in seconds."""

    time: float
    busy: float
    steal: float
    processes: dict  # (pid, start) -> (command, seconds, including those of children that ended)

    @staticmethod
    def now():
        with open("/proc/stat") as file:
            user, nice, system, _, _, interrupt, soft_interrupt, steal, *_ = map(int, file.readline().split()[1:])
        processes = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                text = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue  # it ended meanwhile
            command, values = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
            processes[int(entry), values[19]] = command, sum(map(int, values[11:15])) / TICKS
        busy = user + nice + system + interrupt + soft_interrupt
        return Sample(time.monotonic(), busy / TICKS, steal / TICKS, processes)


def own_seconds():
    """Processor time of this script and of its children that ended."""
    return sum(os.times()[:4])


class Watch:
    """Tells whether anybody but this script and its children used the processors between begin and end."""

    def __init__(self):
        self.before, self.own = Sample.now(), own_seconds()

    def reasons(self):
        after, own = Sample.now(), own_seconds() - self.own
        wall = max(after.time - self.before.time, 1e-3)
        foreign_seconds = max(after.busy - self.before.busy - own, 0)
        foreign = foreign_seconds / wall
        steal = (after.steal - self.before.steal) / wall
        reasons = []
        if foreign > BUSY_LIMIT and foreign_seconds > BUSY_LEAST:
            reasons.append(f"others used {foreign:.0%} of a core{self.culprits(after, wall, foreign)}")
        if steal > STEAL_LIMIT and steal * wall > BUSY_LEAST:
            reasons.append(f"the hypervisor took {steal:.0%} of a core")
        return reasons

    def culprits(self, after, wall, foreign):
        """The names of the busiest others. What a process's children used counts for it when they end."""
        used = []
        for key, (command, seconds) in after.processes.items():
            if key[0] != os.getpid():
                used.append((seconds - self.before.processes.get(key, (command, 0))[1], f"{command} ({key[0]})"))
        names = [f"{name} {min(seconds / wall, foreign):.0%}" for seconds, name in sorted(used, reverse=True)[:3]
                 if seconds / wall > BUSY_LIMIT / 3]
        return ": " + ", ".join(names) if names else ""


def wait_until_quiet(patience):
    """Waits for a quiet second; the reasons why there was none within `patience` seconds."""
    until = time.monotonic() + patience
    told = False
    while True:
        watch = Watch()
        time.sleep(1)
        reasons = watch.reasons()
        if not reasons or time.monotonic() > until:
            return reasons
        if not told:
            print(f"waiting for a quiet machine: {'; '.join(reasons)}", file=sys.stderr)
            told = True

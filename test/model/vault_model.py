#!/usr/bin/env python3
"""Explicit-state model of the vault's decisions and collections (docs/format.md; design: rules 2 to 7).

Small worlds of one environment. Runs back up the identities `a` and `b`: they carry by reference what
their base holds, adopt what a run wrote that they are heir of, write the rest under their own name.
Backups may be deleted, runs abandoned by another controller at any time, attempts repeated while a
former one still works, collections run beside all of it. Every read and every write is a step of its
own, and every actor may be stopped for ever between two steps: a paused controller, a second one and a
crash are all in it. Logs are read one after the other, never at one instant.

Invariants: every backup that is committed and not deleted finds all its objects, always; no run is
both committed and abandoned.

    vault_model.py [--slice] [WORLD ...]     explores the worlds, then each seeded defect in the world
                                             that has to find it; --slice: the small worlds alone
"""

import argparse
import sys
import time
from collections import deque
from typing import NamedTuple

LIMIT = 12_000_000
IDENTITIES = "ab"

# Log entries: ("O", base, inherits), ("T", attempt), ("C", attempt), ("A", heir), ("D",).


def has(log, kind):
    return any(entry[0] == kind for entry in log)


def closed(log):
    return has(log, "C") or has(log, "A")


def committed_attempt(log):
    return next((entry[1] for entry in log if entry[0] == "C"), None)


def heir_of(log):
    return next((entry[1] for entry in log if entry[0] == "A"), None)


def owner_of(name):
    return int(name[1:])


class Actor(NamedTuple):
    kind: str
    of: object = None  # the run; of a worker (run, attempt); of a collection its way
    at: object = 0     # where it is
    knows: object = None


class State(NamedTuple):
    logs: tuple
    refs: frozenset  # ((run, attempt), names): candidates
    manifests: frozenset
    pool: frozenset
    actors: tuple

    def candidate(self, run, attempt):
        return next((names for key, names in self.refs if key == (run, attempt)), None)

    def backup(self, run):
        attempt = committed_attempt(self.logs[run])
        return None if attempt is None else self.candidate(run, attempt)

    def append(self, run, entry):
        logs = list(self.logs)
        logs[run] += (entry,)
        return self._replace(logs=tuple(logs))

    def move(self, index, at, knows=None):
        actors = list(self.actors)
        actors[index] = actors[index]._replace(at=at, knows=knows)
        return self._replace(actors=tuple(actors))


def violation(state):
    for run, log in enumerate(state.logs):
        if has(log, "C") and has(log, "A"):
            return f"run {run} is committed and abandoned"
        if has(log, "C") and not has(log, "D"):
            lost = set(state.backup(run) or ("its list",)) - state.pool
            if lost:
                return f"backup {run} lost {sorted(lost)}"
    return None


def inherited_by(state, run, defect):
    """The run whose objects this one may adopt."""
    wanted = state.logs[run][0][2]
    won = wanted is not None and heir_of(state.logs[wanted]) == run
    return wanted if won or defect == "inherit_closed_run" else None


def checks_out(state, run, attempt, defect):
    """What a commit looks at: what its own runs wrote is there, all else stands in its base's list.
    Whether that is there still is not asked: the base's commit has seen it."""
    names, base = state.candidate(run, attempt), state.logs[run][0][1]
    carried = () if base is None else state.backup(base)
    if names is None or carried is None:
        return False
    own = {name for name in names if owner_of(name) in (run, inherited_by(state, run, defect))}
    return own <= state.pool and (set(names) - own <= set(carried) or defect == "adopt_any_unchecked")


# --- actors: each yields (what it does, the next state) ---

def controller(state, index, actor, defect, world):
    run, log = actor.of, state.logs[actor.of]
    if actor.at == 0:  # what it decides from what it sees now is written later
        bases = [None] + [b for b in range(run) if b in state.manifests and not has(state.logs[b], "D")]
        for base in bases:
            for other in [None] + [r for r in range(run) if world.inherit and r >= world.made
                                   and state.logs[r] and not closed(state.logs[r])]:
                yield f"run {run}: base {base}, inherits {other}", state.move(index, 1, (base, other))
    elif actor.at == 1:
        yield f"run {run}: opened", state.append(run, ("O", *actor.knows)).move(index, 2, actor.knows)
    elif actor.at == 2:
        base, other = actor.knows
        if defect != "no_look_afterwards" and base is not None and has(state.logs[base], "D"):
            yield f"run {run}: base gone", state.move(index, "give up")
        elif other is not None and not closed(state.logs[other]):
            yield f"run {run}: heir of {other}", state.append(other, ("A", run)).move(
                index, 3, (base, other))
        else:
            kept = other if defect == "inherit_closed_run" else None
            yield f"run {run}: looked", state.move(index, 3, (base, kept))
    elif actor.at == "give up" and not closed(log):
        yield f"run {run}: superseded", state.append(run, ("A", None)).move(index, "end")
    elif actor.at == 3:
        attempts = sum(entry[0] == "T" for entry in log)
        if not closed(log) and attempts < world.attempts:
            yield f"run {run}: attempt {attempts + 1}", state.append(run, ("T", attempts + 1)).move(
                index, 3, actor.knows)
        for attempt in range(1, attempts + 1):
            if not closed(log) and checks_out(state, run, attempt, defect):
                yield f"run {run}: checked {attempt}", state.move(index, 4, (attempt, len(log)))
    elif actor.at == 4:
        attempt, seen = actor.knows
        if len(log) == seen or (defect == "replace_entries" and not has(log, "C")):
            yield f"run {run}: committed {attempt}", state.append(run, ("C", attempt)).move(index, 5)
        elif not closed(log):
            yield f"run {run}: thinks again", state.move(index, 3, None)
    elif actor.at == 5:
        yield f"run {run}: manifest", state._replace(manifests=state.manifests | {run}).move(index, 6)
    elif actor.at == 6 and has(log, "D") and run in state.manifests:
        yield f"run {run}: manifest removed", state._replace(
            manifests=state.manifests - {run}).move(index, "end")


def worker(state, index, actor, defect, world):
    run, attempt = actor.of
    log = state.logs[run]
    if ("T", attempt) not in log:
        return
    base, inherited = log[0][1], inherited_by(state, run, defect)
    if actor.at == 0:
        carried = () if base is None else state.backup(base)
        if carried is not None:
            yield f"worker {run}.{attempt}: read base", state.move(index, 1, carried)
    elif actor.at == 1:
        need = [i for i in IDENTITIES if not any(name[0] == i for name in actor.knows)]
        if not need:
            yield f"worker {run}.{attempt}: candidate", state._replace(
                refs=state.refs | {((run, attempt), actor.knows)}).move(index, "end")
            return
        own = f"{need[0]}{run}"
        for name in sorted(state.pool):
            adopts = owner_of(name) in (run, inherited) or defect in ("adopt_any", "adopt_any_unchecked")
            if name[0] == need[0] and adopts:
                yield f"worker {run}.{attempt}: takes {name}", state.move(index, 1, actor.knows + (name,))
        yield f"worker {run}.{attempt}: writes {own}", state._replace(
            pool=state.pool | {own}).move(index, 1, actor.knows + (own,))


def abandoner(state, index, actor, defect, world):
    run, log = actor.of, state.logs[actor.of]
    if actor.at == 0 and log and not closed(log):
        yield f"another controller reads log {run}", state.move(index, 1, len(log))
    elif actor.at == 1 and len(log) == actor.knows:
        yield f"another controller abandons {run}", state.append(run, ("A", None)).move(index, "end")


def deleter(state, index, actor, defect, world):
    run, log = actor.of, state.logs[actor.of]
    if actor.at == 0 and has(log, "C") and not has(log, "D"):
        yield f"delete {run}", state.append(run, ("D",)).move(index, 1)
    elif actor.at == 1 and run in state.manifests:
        yield f"remove manifest {run}", state._replace(
            manifests=state.manifests - {run}).move(index, "end")


def plan_of(way, runs, defect):
    reads = ["first", "second"]
    if defect == "closings_last":
        reads = ["second", "first"]
    if defect == "one_pass":
        reads = ["first"]
    # One pass from the newest run to the oldest: the order that hides an opening.
    order = range(runs - 1, -1, -1) if defect == "one_pass" else range(runs)
    plan = [(read, run) for read in reads for run in order]
    return ([("pool", None)] if way == "full" else []) + plan + [("lists", None)]


def collector(state, index, actor, defect, world):
    way = actor.of
    if isinstance(actor.at, int):
        plan = plan_of(way, len(state.logs), defect)
        seen = actor.knows or ()
        if actor.at < len(plan):
            what, run = plan[actor.at]
            value = {"pool": tuple(sorted(state.pool)), "lists": state.refs}.get(what)
            value = state.logs[run] if value is None else value
            yield f"collection ({way}) reads {what} {run}", state.move(
                index, actor.at + 1, seen + ((what, run, value),))
            return
        first = {run: log for what, run, log in seen if what == "first"}
        second = {run: log for what, run, log in seen if what == "second"} or first
        lists = dict(next(value for what, _, value in seen if what == "lists"))
        sight = Sight(first, second, lists, defect)
        listed = next((value for what, _, value in seen if what == "pool"), None)
        if not sight.can_judge() and defect != "lost_list_ignored":
            yield f"collection ({way}) stops", state.move(index, "end")
            return
        garbage = sight.full(listed) if way == "full" else sight.quick(state.pool)
        yield f"collection ({way}) decides {garbage}", state.move(index, "delete", tuple(garbage))
    elif actor.at == "delete" and actor.knows:
        name, *rest = actor.knows
        if isinstance(name, tuple):  # a deleted backup's own list goes last
            gone = frozenset(entry for entry in state.refs if entry[0] != name)
            yield f"collection removes list {name}", state._replace(refs=gone).move(
                index, "delete", tuple(rest))
        else:
            yield f"collection removes {name}", state._replace(pool=state.pool - {name}).move(
                index, "delete", tuple(rest))


class Sight:
    """What one collection has read, and what follows."""

    def __init__(self, first, second, lists, defect):
        self.first, self.second, self.lists, self.defect = first, second, lists, defect
        self.open_runs = [run for run, log in second.items() if log and not closed(log)]

    def names(self, run):
        attempt = committed_attempt(self.second[run])
        return None if attempt is None else self.lists.get((run, attempt))

    def can_judge(self):
        """Nothing is garbage while a list that may keep it cannot be read: another collection may have
        taken that of a deleted backup, on which an open run builds by what is known here."""
        return all(self.names(run) is not None for run in self.second if self.kept(run))

    def protected(self, run):
        """A deleted backup that an open run builds on."""
        return self.defect != "open_runs_ignored" and any(
            self.second[other][0][1] == run for other in self.open_runs)

    def kept(self, run):
        return has(self.second[run], "C") and (
            not has(self.first[run], "D") or self.protected(run))

    def whole_run_stays(self, run):
        """Whatever it wrote: it is open, or one that wants to be its heir is."""
        wanted = self.defect != "open_runs_ignored" and any(
            self.second[other][0][2] == run for other in self.open_runs)
        return not closed(self.first[run]) or wanted

    def full(self, listed):
        kept = {name for run in self.second if self.kept(run) for name in self.names(run) or ()}
        return [name for name in listed
                if not self.whole_run_stays(owner_of(name)) and name not in kept]

    def neighbours(self, run):
        beside = {other: set() for other in self.second}
        for other, log in self.second.items():
            if log and log[0][1] is not None:
                beside[other].add(log[0][1])
                beside[log[0][1]].add(other)
        found, seen, todo = set(), {run}, [run]
        while todo:
            for other in beside[todo.pop()] - seen:
                seen.add(other)
                if self.kept(other):
                    found.add(other)
                elif self.defect != "next_neighbours_only":
                    todo.append(other)
        return found

    def quick(self, pool):
        """What deleted backups and abandoned runs left, against the nearest backups."""
        garbage, lists = set(), []
        for run, log in self.second.items():
            if has(log, "C") and has(self.first[run], "D") and not self.protected(run):
                names = self.names(run)
                if names is None:
                    continue
                near = {name for other in self.neighbours(run) for name in self.names(other) or ()}
                garbage |= set(names) - near
                lists.append((run, committed_attempt(log)))
            if has(self.first[run], "A") and not self.whole_run_stays(run):
                heir = heir_of(log)
                if heir is not None and has(self.second[heir], "C") and self.defect != "heirs_ignored":
                    continue
                garbage |= {name for name in pool if owner_of(name) == run}
        return sorted(name for name in garbage
                      if not self.whole_run_stays(owner_of(name))) + lists


ACTORS = {"control": controller, "work": worker, "abandon": abandoner, "delete": deleter,
          "collect": collector}


def steps(state, defect, world):
    for index, actor in enumerate(state.actors):
        yield from ACTORS[actor.kind](state, index, actor, defect, world)


class World(NamedTuple):
    name: str
    about: str
    start: tuple      # per backup that is there: (base, names)
    runs: int         # new ones
    deletes: tuple
    abandons: tuple
    collections: tuple
    finds: tuple      # defects that this world has to find
    covered: tuple = ()  # defects that another rule makes harmless
    attempts: int = 1
    inherit: bool = False
    small: bool = True

    @property
    def made(self):
        return len(self.start)

    def initial(self):
        made = range(self.made)
        logs = tuple((("O", base, None), ("T", 1), ("C", 1)) for base, _ in self.start)
        new = range(self.made, self.made + self.runs)
        actors = [Actor("control", run) for run in new]
        actors += [Actor("work", (run, n)) for run in new for n in range(1, self.attempts + 1)]
        actors += [Actor("abandon", run) for run in self.abandons]
        actors += [Actor("delete", run) for run in self.deletes]
        actors += [Actor("collect", way) for way in self.collections]
        return State(logs + ((),) * self.runs,
                     frozenset(((run, 1), names) for run, (_, names) in enumerate(self.start)),
                     frozenset(made), frozenset(n for _, names in self.start for n in names),
                     tuple(actors))


ONE = ((None, ("a0",)),)
CHAIN = ((None, ("a0", "b0")), (0, ("a0", "b1")))
WORLDS = (
    World("base", "a run on a base that is deleted, the pool merged as a whole", ONE, 1, (0, 1), (1,),
          ("full",), ("one_pass", "closings_last", "no_look_afterwards", "open_runs_ignored",
                      "replace_entries", "adopt_any_unchecked"), covered=("adopt_any",)),
    World("quick", "the same, by neighbours", ONE, 1, (0, 1), (1,), ("quick",),
          ("one_pass", "no_look_afterwards", "open_runs_ignored")),
    World("two-bases", "a run on either of two backups that share an object", CHAIN, 1, (0, 1, 2), (),
          ("quick",), ("no_look_afterwards", "next_neighbours_only")),
    World("two-bases-full", "the same, the pool merged as a whole", CHAIN, 1, (0, 1), (), ("full",),
          ("no_look_afterwards", "open_runs_ignored")),
    World("attempts", "two attempts of one run at once, the first one late", ONE, 1, (0,), (1,),
          ("full",), ("no_look_afterwards", "open_runs_ignored"), attempts=2),
    World("two-collections", "two collections at once, one of each way", ONE, 1, (0,), (),
          ("quick", "full"), ("lost_list_ignored", "no_look_afterwards", "open_runs_ignored"),
          small=False),
    World("heirs", "two runs, one perhaps heir of the other", ONE, 2, (1,), (1,), ("full",),
          ("inherit_closed_run", "adopt_any_unchecked", "open_runs_ignored"), inherit=True, small=False),
    World("heirs-quick", "the same, by neighbours", ONE, 2, (), (1,), ("quick",),
          ("inherit_closed_run", "heirs_ignored"), inherit=True, small=False),
)


def explore(world, defect=None):
    """(states, violation, how it came about)."""
    start = world.initial()
    seen, todo = {start: None}, deque([start])
    while todo:
        state = todo.popleft()
        wrong = violation(state)
        if wrong:
            story = []
            while seen[state]:
                name, state = seen[state]
                story.append(name)
            return len(seen), wrong, story[::-1]
        for name, following in steps(state, defect, world):
            if following not in seen:
                seen[following] = (name, state)
                todo.append(following)
        if len(seen) > LIMIT:
            raise SystemExit(f"world {world.name}: more than {LIMIT:,} states")
    return len(seen), None, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("worlds", nargs="*", metavar="WORLD", default=None)
    parser.add_argument("--slice", action="store_true")
    wanted = parser.parse_args()
    worlds = [world for world in WORLDS if (world.name in wanted.worlds if wanted.worlds
                                            else world.small or not wanted.slice)]
    bad = 0
    for world in worlds:
        began = time.monotonic()
        states, wrong, story = explore(world)
        print(f"{world.name}: {states} states, {wrong or 'no violation'} "
              f"({time.monotonic() - began:.0f} s; {world.about})", flush=True)
        if wrong:
            print("  " + "\n  ".join(story))
        bad += bool(wrong)
        for defect in world.finds:
            states, wrong, story = explore(world, defect)
            print(f"  {defect}: " + (f"found after {len(story)} steps: {wrong}" if wrong
                                     else f"NOT FOUND in {states} states"), flush=True)
            bad += not wrong
        for defect in world.covered:
            states, wrong, _ = explore(world, defect)
            print(f"  {defect}: " + (f"NOT COVERED: {wrong}" if wrong else
                                     f"covered by another rule, no violation in {states} states"), flush=True)
            bad += bool(wrong)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()

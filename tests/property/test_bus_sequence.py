"""The splicer under everything a network does: what goes out is what was published, each once, in order, or a `Gap`."""

from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from worlds import examples

from tickloom.bus.following import sequence
from tickloom.bus.following.items import Gap, Restarted
from tickloom.bus.following.sequence import PATIENCE, Splicer

TOPICS = ("fill.main|", "md.trade.sim.AAA|")
#: (topic, seq, count): a frame; which epoch it is of stands beside it.
Sent = tuple[int, str, int, int]


@dataclass
class Life:
    """One life of the publisher: the newest number of each stream, and the first that is kept."""

    epoch: int
    heads: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TOPICS, 0))
    kept: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TOPICS, 1))


class Network(RuleBasedStateMachine):
    """A publisher, a line that drops, doubles, reorders and stalls, and the splicer at its other end.

    The oracle is independent of the splicer: an event is its (epoch, topic, number), and what goes out must count up
    by one from 1 in each stream of each life, with every number that was left out told of in a `Gap`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.splicer: Splicer[Sent] = Splicer(True, lambda topic, frame, skip, count: (topic, frame, skip, count))
        self.lives = [Life(1)]
        self.line: list[Sent] = []
        self.answers: list[tuple[Any, ...]] = []
        self.now = 0.0
        self.reached: dict[tuple[int, str], int] = {}
        self.gaps: list[Gap] = []

    @initialize(room=st.sampled_from([8, sequence.MOST_HELD]), most=st.sampled_from([3, sequence.MOST_ASKED]))
    def joins(self, room: int, most: int) -> None:
        """Hear of the first life, with more or less room for what comes too early and with shorter answers."""
        self.limits = patch.multiple(sequence, MOST_HELD=room, MOST_ASKED=most)
        self.limits.start()
        self.splicer.enter(1)

    @property
    def life(self) -> Life:
        """The present life."""
        return self.lives[-1]

    @rule(topic=st.sampled_from(TOPICS), count=st.integers(1, 6), fate=st.sampled_from(["go", "go", "drop", "twice"]))
    def publish(self, topic: str, count: int, fate: str) -> None:
        """Publish a batch, which may get lost or doubled."""
        life = self.life
        frame = (life.epoch, topic, life.heads[topic] + 1, count)
        life.heads[topic] += count
        self.line += [frame] * {"go": 1, "drop": 0, "twice": 2}[fate]

    @rule(topic=st.sampled_from(TOPICS), lost=st.integers(1, 40))
    def lose_many(self, topic: str, lost: int) -> None:
        """Publish what nobody receives."""
        self.life.heads[topic] += lost

    @precondition(lambda self: self.line)
    @rule(place=st.integers(0, 5))
    def arrives(self, place: int) -> None:
        """Deliver a frame, perhaps not the first of the line."""
        epoch, topic, seq, count = frame = self.line.pop(place % len(self.line))
        self.splicer.frame(epoch, topic, seq, count, frame)

    @rule(seldom=st.integers(0, 4))
    def restarts(self, seldom: int) -> None:
        """End the life; frames of it may still be on the line, answers are lost."""
        if seldom:
            return
        self.lives.append(Life(self.life.epoch + 1))
        self.answers.clear()

    @rule(topic=st.sampled_from(TOPICS), count=st.integers(1, 8))
    def forgets(self, topic: str, count: int) -> None:
        """Keep the oldest events no longer."""
        life = self.life
        life.kept[topic] = min(life.kept[topic] + count, life.heads[topic] + 1)

    @rule()
    def beats(self) -> None:
        """Send the heads of all streams."""
        for topic, head in self.life.heads.items():
            self.splicer.head(self.life.epoch, topic, head)

    @rule(cut=st.integers(1, 7))
    def asks(self, cut: int) -> None:
        """Take the splicer's requests, and answer them in frames of another size."""
        for request in self.splicer.requests(self.now):
            self.splicer.asked(request, self.now)
            # Nothing is asked for that has gone out, or that does not exist.
            present = self.lives[(self.splicer.epoch or 0) - 1]
            assert request.first == self.reached.get((present.epoch, request.topic), 0) + 1
            assert request.first + request.number - 1 <= present.heads[request.topic]
            self.answer(request.topic, request.first, request.number, cut)

    @rule(wait=st.floats(0.01, 2 * PATIENCE), lost=st.booleans())
    def stalls(self, wait: float, lost: bool) -> None:
        """Let time pass, and perhaps lose the answers that were on their way."""
        self.now += wait
        if lost:
            self.answers.clear()

    @precondition(lambda self: self.answers)
    @rule(parts=st.integers(1, 9))
    def answer_arrives(self, parts: int) -> None:
        """Deliver the next parts of an answer."""
        for _ in range(min(parts, len(self.answers))):
            self.take(self.answers.pop(0))

    def answer(self, topic: str, first: int, number: int, cut: int) -> None:
        """Put an answer on its way as the replay socket would."""
        life = self.life
        if self.splicer.epoch != life.epoch:
            self.answers.append(("end", life.epoch, topic, 0, 0))
            return
        start, last = max(first, life.kept[topic]), min(first + number - 1, life.heads[topic])
        for seq in range(start, last + 1, cut):
            self.answers.append(("frame", life.epoch, topic, seq, min(cut, last + 1 - seq)))
        self.answers.append(("end", life.epoch, topic, max(0, last + 1 - start), life.kept[topic]))

    def take(self, part: tuple[Any, ...]) -> None:
        """Give a part of an answer to the splicer."""
        what, epoch, topic, one, other = part
        if what == "frame":
            self.splicer.frame(epoch, topic, one, other, (epoch, topic, one, other))
        else:
            self.splicer.answered(epoch, topic, one, other, self.now)

    @invariant()
    def goes_out_once_and_in_order(self) -> None:
        """Hold what came out against the oracle."""
        while self.splicer.out:
            item = self.splicer.out.popleft()
            if isinstance(item, Restarted):
                assert item.epoch > item.old_epoch
                continue
            if isinstance(item, Gap):
                self.gaps.append(item)
                epoch, topic, first, last = item.epoch, item.topic, item.first, item.last
            else:
                topic, (epoch, of, seq, length), skip, count = item
                assert of == topic
                assert 0 <= skip < skip + count == length
                first, last = seq + skip, seq + skip + count - 1
            assert first == self.reached.get((epoch, topic), 0) + 1 <= last
            life = self.lives[epoch - 1]
            assert last <= life.heads[topic]
            if isinstance(item, Gap) and life is self.life:
                assert last < life.kept[topic]
            self.reached[epoch, topic] = last

    def teardown(self) -> None:
        """Let the line heal: then everything that is kept arrives, and nothing is asked for that is there."""
        self.line.clear()
        self.answers.clear()
        self.beats()
        for _ in range(200):
            self.now += 2 * PATIENCE
            for request in self.splicer.requests(self.now):
                self.splicer.asked(request, self.now)
                self.answer(request.topic, request.first, request.number, 5)
                while self.answers:
                    self.take(self.answers.pop(0))
            if self.splicer.complete:
                break
        self.goes_out_once_and_in_order()
        for topic, head in self.life.heads.items():
            assert self.reached.get((self.life.epoch, topic), 0) == head
        assert self.splicer.lost == sum(gap.last - gap.first + 1 for gap in self.gaps)
        self.limits.stop()


TestNetwork = Network.TestCase
TestNetwork.settings = settings(examples(120), stateful_step_count=40, deadline=None)

"""The ring: what it answers is what a plain list would."""

from hypothesis import given
from hypothesis import strategies as st

from app.live.events import Event, Place
from app.live.ring import Ring
from app.live.watched import Topic
from documents.values import Id

TOPICS: list[Topic] = [("tasks", Id()), ("projects", Id()), ("workspaces", Id())]
Drawn = tuple[set[int], bool]
drawn_events = st.lists(
    st.tuples(st.sets(st.integers(0, 2), min_size=1), st.booleans()), max_size=60
)


def event(number: int, drawn: Drawn, size: int = 10) -> Event:
    topics, is_progress = drawn
    subject = TOPICS[min(topics)]
    place = Place(subject, {}, tuple(TOPICS[each] for each in sorted(topics)), None)
    return Event(cursor(number), "task.updated", place, is_progress, b"x" * size)


def cursor(number: int) -> str:
    return f"82{number:016X}"


def after(ring: Ring, place: str, topics: set[int]) -> list[str]:
    count, events = ring.after(place, [TOPICS[each] for each in topics])
    found = [each.cursor for each in events]
    assert count >= len(found)
    return found


@given(
    before=drawn_events,
    then=drawn_events,
    most=st.integers(1, 50),
    asked=st.sets(st.integers(0, 2), min_size=1),
    data=st.data(),
)
def test_the_ring_is_a_bounded_list(
    before: list[Drawn], then: list[Drawn], most: int, asked: set[int], data: st.DataObject
) -> None:
    numbered = [event(number, each) for number, each in enumerate([*before, *then], 1)]
    history, live = numbered[: len(before)], numbered[len(before) :]
    ring = Ring(cursor(len(before)) + "0", most_events=most)
    start = ring.floor
    for each in live:
        ring.append(each)
    if ring.floor == start:
        ring.put_in_front(cursor(0), history)
    kept = numbered[-len(ring) :] if len(ring) else []
    assert len(ring) <= most
    if history and ring.floor == cursor(0):
        assert len(kept) == len(numbered)
    place = cursor(data.draw(st.integers(0, len(numbered))))
    if place >= ring.floor:
        wanted = [
            each.cursor
            for each in numbered
            if each.cursor > place and {TOPICS.index(t) for t in each.place.topics} & asked
        ]
        assert after(ring, place, asked) == wanted
    for position, each in enumerate(kept):
        later = [other for other in kept[position + 1 :] if other.is_progress]
        outdone = any(other.place.subject == each.place.subject for other in later)
        assert ring.is_outdone(each) == (each.is_progress and outdone)


def test_the_ring_is_bounded_in_bytes() -> None:
    ring = Ring(cursor(0), most_bytes=100)
    for number in range(1, 20):
        ring.append(event(number, ({0}, False), size=30))
    assert len(ring) == 3
    assert ring.floor == cursor(16)
    assert after(ring, ring.floor, {0}) == [cursor(17), cursor(18), cursor(19)]


def test_much_passes_through_one_topic() -> None:
    ring = Ring(cursor(0), most_events=100)
    for number in range(1, 10_000):
        ring.append(event(number, ({0}, True)))
    assert after(ring, ring.floor, {0, 1}) == [cursor(number) for number in range(9_900, 10_000)]
    ring.reset(cursor(20_000))
    assert after(ring, cursor(0), {0}) == []

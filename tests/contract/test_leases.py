"""What every store does about who works on what: one body over all of them, as in `test_thread_store`."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import pytest

from bot.domain.message import Command, MessageId, Reply, ThreadKey, TurnId
from bot.domain.stores import Claim, Leases, ThreadStore, Wish, WorkerId
from bot.domain.turn import ToolCall, ToolResult, Turn
from tests.contract.test_thread_store import KEY, begun, end, full_turn, store, turn

__all__ = ["store"]

W1, W2, W3 = WorkerId("w1"), WorkerId("w2"), WorkerId("w3")
OTHER_KEY = replace(KEY, thread="2")
HERE = ["terminal"]


class Store(ThreadStore, Protocol):
    @property
    def leases(self) -> Leases: ...


def ids(claims: Sequence[Claim]) -> list[str]:
    return [claim.turn.message.id for claim in claims]


async def finished(store: Store, number: int, worker: WorkerId = W1) -> Turn:
    done = turn(number, state="answered")
    assert await store.finish(done, Reply(done.id, ()), kept=0, worker=worker)
    return done


async def test_the_first_turn_of_a_thread_is_owned_at_once_and_the_next_one_waits(store: Store) -> None:
    assert await store.begin(turn(1), worker=W1) == "owned"
    assert await store.begin(turn(2), worker=W1) == "waiting"
    assert await store.begin(turn(1, key=OTHER_KEY), worker=W2) == "owned"
    assert await store.begin(turn(1), worker=W2) == "repeated"


async def test_closing_a_turn_takes_the_next_one_of_its_thread(store: Store) -> None:
    for number in (1, 2, 3):
        await store.begin(turn(number), worker=W1)
    await finished(store, 1)
    following = await store.close(turn(1).id, worker=W1)
    assert following == Claim(turn(2))
    assert not await store.finish(turn(3, state="answered"), Reply(TurnId(""), ()), kept=0, worker=W1)


async def test_a_thread_with_nothing_open_has_no_next_turn(store: Store) -> None:
    await store.begin(turn(1), worker=W1)
    await finished(store, 1)
    assert await store.close(turn(1).id, worker=W1) is None
    assert await store.begin(turn(2), worker=W2) == "owned"


async def test_an_answered_turn_keeps_its_thread_until_its_reply_is_sent(store: Store) -> None:
    await store.begin(turn(1), worker=W1)
    await finished(store, 1)
    assert await store.begin(turn(2), worker=W2) == "waiting"
    assert await store.leases.claim(W2, HERE, limit=9) == ()


async def test_released_turns_are_free_for_others_as_if_never_begun(store: Store) -> None:
    await store.begin(turn(1), worker=W1)
    await store.begin(turn(2), worker=W1)
    await store.leases.release(W1)
    assert (await store.leases.look(W2, HERE)).free
    assert await store.leases.claim(W2, HERE, limit=9) == (Claim(turn(1)),)


async def test_one_turn_can_be_handed_over_and_the_others_kept(store: Store) -> None:
    await store.begin(turn(1), worker=W1)
    await store.begin(turn(1, key=OTHER_KEY), worker=W1)
    await store.leases.hand_over(turn(1).id, worker=W2)
    assert await store.leases.claim(W2, HERE, limit=9) == ()
    await store.leases.hand_over(turn(1).id, worker=W1)
    assert await store.leases.claim(W2, HERE, limit=9) == (Claim(turn(1)),)


async def test_only_the_first_open_turn_of_a_thread_can_be_claimed(store: Store) -> None:
    for number in (1, 2):
        for key in (KEY, OTHER_KEY):
            await store.begin(turn(number, key=key), worker=W1)
    await store.leases.release(W1)
    claims = await store.leases.claim(W2, HERE, limit=9)
    assert sorted((claim.turn.message.key.thread, claim.turn.message.id) for claim in claims) == [
        ("1", "m1"),
        ("2", "m1"),
    ]
    assert await store.leases.claim(W3, HERE, limit=9) == ()


async def test_a_claim_takes_no_more_than_its_limit(store: Store) -> None:
    for number in range(5):
        await store.begin(turn(key=replace(KEY, thread=str(number))), worker=W1)
    await store.leases.release(W1)
    assert len(await store.leases.claim(W2, HERE, limit=2)) == 2
    assert len(await store.leases.claim(W2, HERE, limit=9)) == 3


async def test_workers_that_claim_at_the_same_moment_share_without_overlap(store: Store) -> None:
    for number in range(40):
        await store.begin(turn(key=replace(KEY, thread=str(number))), worker=W1)
    await store.leases.release(W1)
    claims = await asyncio.gather(*(store.leases.claim(WorkerId(f"c{n}"), HERE, limit=9) for n in range(8)))
    claims += [await store.leases.claim(W2, HERE, limit=99)]
    taken = [claim.turn.id for each in claims for claim in each]
    assert len(taken) == len(set(taken)) == 40


async def test_other_platforms_are_left_alone(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    assert (await store.leases.look(W2, ["slack"])).others == {}
    await store.leases.release(W1)
    assert not (await store.leases.look(W2, ["slack"])).free
    assert await store.leases.claim(W2, ["slack"], limit=9) == ()
    assert ids(await store.leases.claim(W2, ["slack", "terminal"], limit=9)) == ["m1"]


async def test_a_look_tells_own_turns_with_their_wishes_and_the_beats_of_others(store: Store) -> None:
    await store.begin(turn(1), worker=W1)
    await store.begin(turn(1, key=OTHER_KEY), worker=W2)
    await store.leases.wish(turn(1).id, "stop")
    for _ in range(3):
        await store.leases.beat(W2)
    view = await store.leases.look(W1, HERE)
    assert view.own == {turn(1).id: "stop"}
    assert view.others == {W2: 3}
    assert not view.free
    assert (await store.leases.look(W2, HERE)).others == {W1: 0}


async def test_without_platforms_a_look_is_at_own_turns_only(store: Store) -> None:
    await store.begin(turn(1), worker=W1)
    await store.begin(turn(1, key=OTHER_KEY), worker=W2)
    view = await store.leases.look(W1, [])
    assert (dict(view.own), dict(view.others), view.free) == ({turn(1).id: None}, {}, False)


async def test_a_worker_that_has_beaten_since_is_not_buried(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    await store.leases.beat(W1)
    await store.leases.beat(W1)
    assert await store.leases.bury(W1, beat=1) == 0
    assert await store.leases.bury(W1, beat=2) == 1
    assert [claim.attempt for claim in await store.leases.claim(W2, HERE, limit=9)] == [2]


async def test_a_worker_that_never_beat_can_be_buried(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    assert await store.leases.bury(W1, beat=0) == 1


async def test_who_lost_a_turn_cannot_end_it(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    await store.leases.bury(W1, beat=0)
    (claim,) = await store.leases.claim(W2, HERE, limit=9)
    done = replace(claim.turn, state="answered", answer="late")
    assert not await store.finish(done, Reply(done.id, ()), kept=0, worker=W1)
    assert await store.close(done.id, worker=W1) is None
    assert await store.finish(replace(done, answer="right"), Reply(done.id, ()), kept=0, worker=W2)
    assert await store.close(done.id, worker=W2) is None
    assert [each.answer for each in await store.history(KEY, limit=9, whole=9)] == ["right"]


async def test_a_turn_taken_up_again_has_what_was_kept_and_its_reply(store: Store) -> None:
    done = replace(full_turn(), state="answered")
    await begun(store, done)
    await store.keep(done.id, done.results[:1], first=0)
    await store.leases.bury(W1, beat=0)
    (claim,) = await store.leases.claim(W1, HERE, limit=9)
    assert (claim.attempt, claim.turn.results, claim.reply) == (2, done.results[:1], None)

    reply = Reply(done.id, (done.results[0].tables[0],))
    assert await store.finish(done, reply, kept=1, worker=W1)
    await store.leases.bury(W1, beat=0)
    (claim,) = await store.leases.claim(W2, HERE, limit=9)
    assert (claim.attempt, claim.turn, claim.reply) == (3, done, reply)


async def test_results_of_a_new_attempt_replace_those_of_the_one_before(store: Store) -> None:
    old, new = (ToolResult(ToolCall(name, name), name) for name in ("old", "new"))
    await store.begin(turn(), worker=W1)
    await store.keep(turn().id, [old, old, old], first=0)
    await store.keep(turn().id, [new], first=0)
    done = replace(turn(state="answered"), results=(new, new))
    assert await store.finish(done, Reply(done.id, ()), kept=1, worker=W1)
    assert await store.turn(done.id) == done


async def test_a_thread_that_nobody_else_is_in_can_be_taken_over(store: Store) -> None:
    await store.begin(turn(1), worker=W1)
    await store.begin(turn(2), worker=W1)
    claim = await store.leases.take_over(W2, KEY)
    assert claim == Claim(turn(1), attempt=2)
    assert await store.leases.take_over(W2, OTHER_KEY) is None


@pytest.mark.parametrize("wish", ["stop", "delete"])
async def test_a_wish_for_a_waiting_turn_is_heard_by_who_takes_it(store: Store, wish: Wish) -> None:
    await store.begin(turn(1), worker=W1)
    await store.begin(turn(2), worker=W1)
    await store.leases.wish(turn(2).id, wish)
    await finished(store, 1)
    following = await store.close(turn(1).id, worker=W1)
    assert following is not None
    assert following.wish == wish


async def test_a_turn_that_has_ended_takes_no_wish(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    await finished(store, 1)
    assert await store.leases.wish(turn().id, "stop") is None
    assert await store.leases.wish(TurnId("unknown"), "stop") is None
    assert await store.leases.edit(KEY, turn().message.id, "new") is None
    assert await store.leases.delete(KEY, turn().message.id) is None


async def test_an_edited_turn_cannot_be_ended_before_it_is_begun_anew(store: Store) -> None:
    await store.begin(turn(text="old"), worker=W1)
    edited = await store.leases.edit(KEY, turn().message.id, "new")
    assert edited is not None
    assert edited.message.text == "new"
    done = turn(text="old", state="answered")
    assert not await store.finish(done, Reply(done.id, ()), kept=0, worker=W1)
    claim = await store.leases.restart(turn().id, worker=W1)
    assert claim is not None
    assert (claim.turn.message.text, claim.wish, claim.attempt) == ("new", None, 1)
    assert (await store.leases.look(W1, HERE)).own == {turn().id: None}


async def test_a_waiting_turn_that_is_edited_begins_with_the_new_text(store: Store) -> None:
    await store.begin(turn(1), worker=W1)
    await store.begin(turn(2, text="old"), worker=W1)
    await store.leases.edit(KEY, turn(2).message.id, "new")
    await finished(store, 1)
    following = await store.close(turn(1).id, worker=W1)
    assert following is not None
    assert (following.turn.message.text, following.wish) == ("new", None)


async def test_only_the_owner_can_begin_a_turn_anew(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    assert await store.leases.restart(turn().id, worker=W2) is None


async def test_a_deleted_message_that_waits_is_never_begun_and_no_history(store: Store) -> None:
    await store.begin(turn(1), worker=W1)
    await store.begin(turn(2), worker=W1)
    await store.begin(turn(3), worker=W1)
    assert await store.leases.delete(KEY, turn(2).message.id) is not None
    await finished(store, 1)
    following = await store.close(turn(1).id, worker=W1)
    assert following is not None
    assert following.turn.id == turn(3).id
    await end(store, turn(3, state="answered"))
    assert [each.message.id for each in await store.history(KEY, limit=9, whole=9)] == ["m1", "m3"]


async def test_a_deleted_message_at_work_is_a_wish(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    assert await store.leases.delete(KEY, turn().message.id) is not None
    assert (await store.leases.look(W1, HERE)).own == {turn().id: "delete"}
    assert await store.leases.delete(KEY, MessageId("unknown")) is None


async def test_older_turns_of_a_history_come_without_their_tables(store: Store) -> None:
    for number in range(3):
        base = full_turn()
        numbered = turn(number)
        done = replace(base, id=numbered.id, message=numbered.message, state="answered")
        await begun(store, done)
        await end(store, done)
    whole = [bool(each.results[0].tables) for each in await store.history(KEY, limit=3, whole=2)]
    assert whole == [False, True, True]
    oldest, *_ = await store.history(KEY, limit=3, whole=0)
    assert [(each.call, each.summary, each.failed, each.tables) for each in oldest.results] == [
        (each.call, each.summary, each.failed, ()) for each in full_turn().results
    ]


async def test_history_ends_before_the_first_open_turn(store: Store) -> None:
    await store.begin(turn(1), worker=W1)
    await finished(store, 1)
    assert await store.history(KEY, limit=9, whole=9) == ()
    await store.begin(turn(2), worker=W1)
    await store.close(turn(1).id, worker=W1)
    assert [each.message.id for each in await store.history(KEY, limit=9, whole=9)] == ["m1"]


async def test_a_turn_is_found_by_its_id_with_all_its_tables(store: Store) -> None:
    done = replace(full_turn(), state="answered")
    await begun(store, done)
    await end(store, done)
    assert await store.turn(done.id) == done
    assert await store.turn(TurnId("unknown")) is None


async def test_feedback_may_change(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    await store.rate(turn().id, "up", by="dana")
    await store.rate(turn().id, "down", by="dana")
    await store.rate(turn().id, "up", by="eve")


async def test_a_thousand_messages_of_one_thread_are_taken_in_their_order(store: Store) -> None:
    key = ThreadKey("terminal", "", "tty", "long")
    for number in range(1000):
        await store.begin(turn(number, key=key), worker=W1)
    order: list[str] = []
    claim: Claim | None = Claim(turn(0, key=key))
    while claim:
        order.append(claim.turn.message.id)
        done = replace(claim.turn, state="answered")
        assert await store.finish(done, Reply(done.id, ()), kept=0, worker=W1)
        claim = await store.close(done.id, worker=W1)
    assert order == [f"m{number}" for number in range(1000)]


async def test_a_closed_turn_is_nobodys_whoever_owned_it(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    await finished(store, 1)
    await store.close(turn().id, worker=W1)
    assert (await store.leases.look(W1, HERE)).own == {}
    assert (await store.leases.look(W2, HERE)).others == {}
    assert await store.leases.bury(W1, beat=0) == 0
    assert not await store.finish(turn(state="failed"), Reply(turn().id, ()), kept=0, worker=W1)
    assert await store.history(KEY, limit=9, whole=9) == (turn(state="answered"),)


async def test_a_turn_that_was_closed_without_an_end_takes_no_wish(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    await store.close(turn().id, worker=W1)
    assert await store.leases.wish(turn().id, "stop") is None
    assert await store.leases.edit(KEY, turn().message.id, "new") is None
    assert await store.leases.delete(KEY, turn().message.id) is None
    assert await store.leases.restart(turn().id, worker=W1) is None


async def test_a_turn_that_has_ended_is_not_begun_anew(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    await finished(store, 1)
    assert await store.leases.restart(turn().id, worker=W1) is None


async def test_a_worker_is_forgotten_when_it_is_buried_or_leaves_and_no_other_is(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    await store.begin(turn(key=OTHER_KEY), worker=W2)
    for worker in (W1, W1, W2, W2, W2):
        await store.leases.beat(worker)
    await store.leases.bury(W1, beat=1)
    await store.leases.release(WorkerId("somebody else"))
    assert (await store.leases.look(W3, HERE)).others == {W1: 2, W2: 3}
    await store.leases.bury(W1, beat=2)
    await store.leases.release(W2)
    for worker in (W1, W2):
        await store.begin(turn(key=replace(KEY, thread=f"of {worker}")), worker=worker)
    assert (await store.leases.look(W3, HERE)).others == {W1: 0, W2: 0}


async def test_an_edited_command_is_read_anew(store: Store) -> None:
    asked = turn(text="list")
    command = Command("list_connections", {"pid": 3})
    await store.begin(replace(asked, message=replace(asked.message, command=command)), worker=W1)
    edited = await store.leases.edit(KEY, asked.message.id, "droplist")
    assert edited is not None
    assert (edited.message.text, edited.message.command) == ("droplist", None)


async def test_an_edit_changes_the_message_of_its_own_thread_only(store: Store) -> None:
    await store.begin(turn(), worker=W1)
    await store.begin(turn(key=OTHER_KEY), worker=W1)
    edited = await store.leases.edit(OTHER_KEY, turn().message.id, "new")
    assert edited is not None
    assert edited.message.key == OTHER_KEY


async def test_what_is_open_in_another_thread_ends_no_history(store: Store) -> None:
    await store.begin(turn(key=OTHER_KEY), worker=W1)
    for number in (1, 2):
        await store.begin(turn(number), worker=W1)
        await end(store, turn(number, state="answered"))
    assert [each.message.id for each in await store.history(KEY, limit=9, whole=9)] == ["m1", "m2"]


async def test_an_unknown_turn_cannot_be_ended(store: Store) -> None:
    assert not await store.finish(turn(state="answered"), Reply(turn().id, ()), kept=0, worker=W1)


async def test_turns_that_nobody_works_on_are_counted(store: Store) -> None:
    assert await store.leases.waiting() == 0
    for number in (1, 2, 3):
        await store.begin(turn(number), worker=W1)
    await store.begin(turn(1, key=OTHER_KEY), worker=W2)
    assert await store.leases.waiting() == 2
    await finished(store, 1)
    await store.close(turn(1).id, worker=W1)
    assert await store.leases.waiting() == 1

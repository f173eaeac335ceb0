"""Runs small programs on the machine's asyncio in virtual time and logs what happens.

Reads one program a line as JSON and answers with one line: {"version": [3, 11], "log": [...]}.
A log line that starts with "~" names a change of asyncio since this version of Python, or a defect
of it, which the program has just come to: what follows it need not be the same elsewhere.
"""

import asyncio
import gc
import json
import logging
import sys
import warnings

VERSION = sys.version_info[:3]
logging.disable(logging.CRITICAL)


class Boom(Exception):
    pass


class Deadlock(Exception):
    pass


class VirtualSelector:
    """Lets time jump instead of waiting."""

    def __init__(self):
        self.now = 0.0

    def select(self, timeout=None):
        if timeout is None:
            raise Deadlock()
        self.now += max(timeout, 0)
        return []

    def register(self, *args):
        pass

    def unregister(self, *args):
        pass

    def get_map(self):
        return {}

    def get_key(self, fileobj):
        raise KeyError(fileobj)

    def close(self):
        pass


class OrderedTimer(asyncio.TimerHandle):
    """Equal deadlines fire in the order of arming: asyncio promises no order."""

    __slots__ = ("sequence",)
    count = 0

    def __init__(self, *args):
        super().__init__(*args)
        OrderedTimer.count += 1
        self.sequence = OrderedTimer.count

    def __lt__(self, other):
        return (self._when, self.sequence) < (other._when, other.sequence)


asyncio.base_events.events.TimerHandle = OrderedTimer


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.virtual = VirtualSelector()
        super().__init__(self.virtual)
        self.on_recursion = None
        self.set_exception_handler(VirtualLoop.notice)

    def notice(self, context):
        """A timer or callback has raised: that is lost, but what it was about to do is not done."""
        if isinstance(context.get("exception"), RecursionError) and self.on_recursion is not None:
            self.on_recursion()

    def time(self):
        return self.virtual.now


class OrderedSet(dict):
    """Children of a group in the order of their making; a set has none."""

    def add(self, item):
        self[item] = None

    def discard(self, item):
        self.pop(item, None)


def name_of(error):
    if isinstance(error, BaseExceptionGroup):
        return "ExceptionGroup[" + ",".join(name_of(e) for e in error.exceptions) + "]"
    return type(error).__name__


def text_of(value):
    if value is None:
        return "ok"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class Interpreter:
    def __init__(self, program):
        self.program = program
        self.log = []
        self.tasks = []
        self.lock = asyncio.Lock()
        self.event = asyncio.Event()
        self.condition = asyncio.Condition()
        self.semaphore = asyncio.Semaphore(program["permits"])
        self.bounded = asyncio.BoundedSemaphore(program["permits"])
        kinds = [asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue]
        self.queue = kinds[program["queue"]](program["maxsize"])
        self.barrier = asyncio.Barrier(program["parties"])
        self.future = None
        self.ids = 0

    def note(self, who, text):
        self.log.append(f"{int(asyncio.get_running_loop().time())} {who} {text}")

    def changed(self, what, since):
        """From here on versions before `since` behave otherwise."""
        if VERSION < since:
            self.log.append("~" + what)

    def recursed(self):
        self.log.append("~tasks that await each other: asyncio's cancel() recurses for ever")

    async def main(self):
        self.future = asyncio.get_running_loop().create_future()
        for number, operations in enumerate(self.program["tasks"]):
            self.spawn(str(number), operations)
        while True:
            pending = [task for task in self.tasks if not task.done()]
            if not pending:
                break
            await asyncio.wait(pending)
        self.note("main", "end")

    def spawn(self, who, operations):
        task = asyncio.create_task(self.top(who, operations))
        self.tasks.append(task)
        return task

    async def top(self, who, operations):
        """A task whose errors end here."""
        try:
            await self.run(who, operations)
            self.note(who, "returns")
        except asyncio.CancelledError:
            self.note(who, "cancelled")
            raise
        except Exception as error:
            self.note(who, "fails " + name_of(error))

    async def child(self, who, operations, value):
        """A task whose errors are for those who await it."""
        try:
            await self.run(who, operations)
        except asyncio.CancelledError:
            self.note(who, "cancelled")
            raise
        except Exception as error:
            self.note(who, "fails " + name_of(error))
            raise
        self.note(who, "returns")
        return value

    def children(self, who, operation):
        return [
            self.child(f"{who}.{number}", operations, number)
            for number, operations in enumerate(operation["children"])
        ]

    async def run(self, who, operations):
        for operation in operations:
            name = operation["op"]
            try:
                value = await getattr(self, "do_" + name)(who, operation)
                self.note(who, f"{name} {text_of(value)}")
            except asyncio.CancelledError:
                self.note(who, f"{name} CancelledError")
                raise
            except Exception as error:
                self.note(who, f"{name} {name_of(error)}")
                if name in ("boom", "finally"):
                    raise

    async def do_sleep(self, who, operation):
        await asyncio.sleep(operation["delay"])

    async def do_lock(self, who, operation):
        async with self.lock:
            await self.run(who, operation["body"])

    async def do_lock_acquire(self, who, operation):
        return await self.lock.acquire()

    async def do_lock_release(self, who, operation):
        self.lock.release()

    async def do_event_wait(self, who, operation):
        return await self.event.wait()

    async def do_event_set(self, who, operation):
        self.event.set()

    async def do_event_clear(self, who, operation):
        self.event.clear()

    def semaphore_left(self, semaphore):
        waiters = semaphore._waiters or ()
        if semaphore._value > 0 and any(not waiter.done() for waiter in waiters):
            self.changed("semaphores wake as many waiters as they can", (3, 13))

    async def acquire(self, semaphore):
        try:
            return await semaphore.acquire()
        finally:
            self.semaphore_left(semaphore)

    async def do_semaphore(self, who, operation):
        await self.acquire(self.semaphore)
        try:
            await self.run(who, operation["body"])
        finally:
            self.semaphore.release()

    async def do_semaphore_acquire(self, who, operation):
        return await self.acquire(self.semaphore)

    async def do_semaphore_release(self, who, operation):
        self.semaphore.release()

    async def do_bounded_acquire(self, who, operation):
        return await self.acquire(self.bounded)

    async def do_bounded_release(self, who, operation):
        self.bounded.release()

    async def do_condition_wait(self, who, operation):
        async with self.condition:
            try:
                return await self.condition.wait()
            except BaseException:
                self.changed("a cancelled Condition.wait notifies another", (3, 13))
                raise

    async def do_condition_notify(self, who, operation):
        async with self.condition:
            self.condition.notify(operation["count"])

    async def do_condition_notify_bare(self, who, operation):
        self.condition.notify_all()

    async def do_put(self, who, operation):
        await self.queue.put(operation["value"])

    async def do_get(self, who, operation):
        return await self.queue.get()

    async def do_put_nowait(self, who, operation):
        self.queue.put_nowait(operation["value"])

    async def do_get_nowait(self, who, operation):
        return self.queue.get_nowait()

    async def do_task_done(self, who, operation):
        self.queue.task_done()

    async def do_join(self, who, operation):
        await self.queue.join()

    async def do_shutdown(self, who, operation):
        if VERSION < (3, 13):
            self.changed("Queue.shutdown", (3, 13))
            return
        self.queue.shutdown(operation["immediate"])

    async def leave_barrier(self, coroutine):
        try:
            return await coroutine
        except asyncio.CancelledError:
            self.changed("a cancelled Condition.wait notifies another", (3, 13))
            raise

    async def do_barrier_wait(self, who, operation):
        return await self.leave_barrier(self.barrier.wait())

    async def do_barrier_reset(self, who, operation):
        await self.leave_barrier(self.barrier.reset())

    async def do_barrier_abort(self, who, operation):
        await self.leave_barrier(self.barrier.abort())

    async def do_cancel(self, who, operation):
        try:
            return self.tasks[operation["task"]].cancel()
        except RecursionError:
            self.recursed()

    def uncancelled(self, task):
        if task.cancelling() == 0 and task._must_cancel:
            self.changed("uncancel to 0 takes back a request not yet delivered", (3, 13))

    async def do_uncancel(self, who, operation):
        task = asyncio.current_task()
        left = task.uncancel()
        self.uncancelled(task)
        return left

    async def do_cancelling(self, who, operation):
        return asyncio.current_task().cancelling()

    async def do_timeout(self, who, operation):
        task = asyncio.current_task()
        if task.cancelling() > 0:
            self.changed("timeouts compare with the requests at their entry", (3, 11, 3))
        try:
            async with asyncio.timeout(operation["delay"]) as scope:
                await self.run(who, operation["body"])
        finally:
            if scope.expired():
                self.uncancelled(task)
        return scope.expired()

    async def do_wait_for(self, who, operation):
        self.changed("wait_for runs what it awaits inline", (3, 12))
        return await asyncio.wait_for(
            self.child(who + ".w", operation["body"], 7), operation["delay"]
        )

    async def do_catch(self, who, operation):
        try:
            await self.run(who, operation["body"])
        except asyncio.CancelledError:
            return "caught"

    async def do_finally(self, who, operation):
        try:
            await self.run(who, operation["body"])
        finally:
            await self.run(who, operation["cleanup"])

    async def do_boom(self, who, operation):
        raise Boom()

    def child_tasks(self, who, operation):
        tasks = [asyncio.create_task(child) for child in self.children(who, operation)]
        self.tasks.extend(tasks)
        return tasks

    async def do_gather(self, who, operation):
        tasks = self.child_tasks(who, operation)
        results = await asyncio.gather(*tasks, return_exceptions=operation["collect"])
        return "[" + ",".join(
            name_of(r) if isinstance(r, BaseException) else text_of(r) for r in results
        ) + "]"

    async def do_group(self, who, operation):
        parent = asyncio.current_task()
        group = asyncio.TaskGroup()
        group._tasks = OrderedSet()
        before = parent.cancelling()
        try:
            async with group:
                for coroutine in self.children(who, operation):
                    group.create_task(coroutine)
                await self.run(who, operation["body"])
        except BaseException:
            if before > 0 or parent.cancelling() > 0 or parent._must_cancel:
                self.changed("a task group keeps the requests from outside", (3, 13))
            raise
        finally:
            self.uncancelled(parent)

    async def do_shield(self, who, operation):
        inner = asyncio.create_task(self.child(who + ".s", operation["body"], 8))
        self.tasks.append(inner)
        return await asyncio.shield(inner)

    async def do_spawn(self, who, operation):
        self.ids += 1
        self.spawn(f"s{self.ids}", operation["body"])

    async def do_await_task(self, who, operation):
        task = self.tasks[operation["task"]]
        if task is asyncio.current_task():
            self.log.append("~a task that awaits itself: asyncio then fails others that await it")
        await task

    async def do_wait(self, who, operation):
        modes = [asyncio.ALL_COMPLETED, asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION]
        tasks = self.child_tasks(who, operation)
        done, pending = await asyncio.wait(
            tasks, timeout=operation["delay"], return_when=modes[operation["mode"]]
        )
        return "".join("d" if task in done else "p" for task in tasks)

    async def do_as_completed(self, who, operation):
        tasks = self.child_tasks(who, operation)
        values = []
        for next_done in asyncio.as_completed(tasks, timeout=operation["delay"]):
            values.append(text_of(await next_done))
        return "[" + ",".join(values) + "]"

    async def do_future_wait(self, who, operation):
        return await self.future

    async def do_future_set(self, who, operation):
        self.future.set_result(operation["value"])

    async def do_future_cancel(self, who, operation):
        return self.future.cancel()

    async def do_future_fresh(self, who, operation):
        self.future = asyncio.get_running_loop().create_future()


def run(program):
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    interpreter = None

    async def main():
        nonlocal interpreter
        interpreter = Interpreter(program)
        loop.on_recursion = interpreter.recursed
        await interpreter.main()

    try:
        loop.run_until_complete(main())
    except Deadlock:
        interpreter.log.append("deadlock")  # at what time depends on timers that nobody waits for
    finally:
        loop.close()
    log, interpreter = interpreter.log[:], None
    # What a deadlock leaves behind is closed now, and not while the next program runs.
    gc.collect()
    return log


if __name__ == "__main__":
    sys.unraisablehook = lambda *arguments: None
    warnings.simplefilter("ignore", RuntimeWarning)
    gc.disable()
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps({"version": VERSION[:2], "log": run(json.loads(line))}), flush=True)

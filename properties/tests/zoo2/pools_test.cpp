// Pools, channels and locks: who is woken and then gives up takes along what others wait for.

#include <algorithm>
#include <deque>
#include <map>
#include <memory>

#include "zoo2.hpp"

namespace cocheck::zoo2 {
namespace {

// boostorg/mysql#509: the notification of an idle connection dies with the waiter.
struct IdleList {
  int idle = 0;
  std::deque<Event*> queue;
  bool passes_on = false;

  Task<> get() {
    while (idle == 0) {
      Event woken;
      queue.push_back(&woken);
      try {
        co_await woken.wait();
      } catch (const CancelledError&) {
        std::erase(queue, &woken);
        if (passes_on && woken.is_set() && idle > 0) wake();
        throw;
      }
    }
    --idle;
  }
  void put() {
    ++idle;
    wake();
  }
  void wake() {
    if (queue.empty()) return;
    queue.front()->set();
    queue.pop_front();
  }
};

Task<> idle_list(bool passes_on) {
  IdleList list;
  list.passes_on = passes_on;
  const auto impatient = [&]() -> Task<> {
    const auto get = [&]() -> Task<> { co_await list.get(); };
    if (co_await within(10ms, get)) list.put();
  };
  const auto patient = [&]() -> Task<> {
    co_await list.get();
    list.put();
  };
  co_await gather(impatient(), patient(), after(8ms, [&] { list.put(); }));
}

TEST(Zoo2, N1NotificationDiesWithTheWaiter) {
  expect_fragile([] { return idle_list(false); }, 2ms, FailureKind::deadlock);
}
TEST(Zoo2, N1Fixed) {
  expect_robust([] { return idle_list(true); });
}

// encode/httpcore#1093: a connection is given to a request that is cancelled before it uses it.
struct Connections {
  enum class State { none, connecting, in_use };
  struct Request {
    Event given;
    bool has = false;
  };
  State state = State::none;  // of the one that there may be
  Request* owner = nullptr;
  std::deque<Request*> queue;
  bool reaps = false;

  void assign() {
    if (queue.empty() || state != State::none) return;
    owner = queue.front();
    queue.pop_front();
    state = State::connecting;
    owner->has = true;
    owner->given.set();
  }
  void close() {
    state = State::none;
    owner = nullptr;
    assign();
  }
  class CloseAtEnd {
   public:
    explicit CloseAtEnd(Connections& pool) : pool_(pool) {}
    CloseAtEnd(const CloseAtEnd&) = delete;
    CloseAtEnd& operator=(const CloseAtEnd&) = delete;
    ~CloseAtEnd() { pool_.close(); }

   private:
    Connections& pool_;
  };
  Task<> request(std::chrono::milliseconds work) {
    Request mine;
    queue.push_back(&mine);
    assign();
    try {
      co_await mine.given.wait();
    } catch (const CancelledError&) {
      std::erase(queue, &mine);
      if (reaps && owner == &mine) close();
      assign();
      throw;
    }
    state = State::in_use;
    const CloseAtEnd at_end(*this);
    co_await sleep(work);
  }
};

Task<> connections(bool reaps) {
  Connections pool;
  pool.reaps = reaps;
  const auto second = [&]() -> Task<> {
    const auto request = [&]() -> Task<> { co_await pool.request(1ms); };
    co_await within(10ms, request);
  };
  auto first = create_task(pool.request(8ms));
  co_await sleep(0s);
  co_await gather(second(), pool.request(1ms), first);
}

TEST(Zoo2, N2ConnectionOfACancelledRequest) {
  expect_fragile([] { return connections(false); }, 2ms, FailureKind::deadlock);
}
TEST(Zoo2, N2Fixed) {
  expect_robust([] { return connections(true); });
}

// oracle/python-oracledb#392: handed over and timed out at once.
struct Handover {
  struct Request {
    Event done;
    bool given = false;
  };
  int free = 0;
  int busy = 1;
  std::deque<Request*> requests;
  bool gives_back = false;

  Task<bool> acquire(std::chrono::milliseconds limit) {
    if (free > 0) {
      --free;
      ++busy;
      co_return true;
    }
    Request request;
    requests.push_back(&request);
    const auto wait = [&]() -> Task<> { co_await request.done.wait(); };
    const bool in_time = co_await within(limit, wait);
    if (in_time) co_return true;
    std::erase(requests, &request);
    if (gives_back && request.given) release();
    co_return false;
  }
  void release() {
    if (requests.empty()) {
      --busy;
      ++free;
      return;
    }
    requests.front()->given = true;
    requests.front()->done.set();
    requests.pop_front();
  }
};

Task<> handover(bool gives_back) {
  Handover pool;
  pool.gives_back = gives_back;
  const auto user = [&]() -> Task<> {
    if (co_await pool.acquire(10ms)) pool.release();
  };
  co_await gather(user(), after(8ms, [&] { pool.release(); }));
  COCHECK(pool.busy == 0);
}

TEST(Zoo2, N4HandedOverAndTimedOut) {
  expect_fragile([] { return handover(false); }, 2ms, FailureKind::check);
}
TEST(Zoo2, N4Fixed) {
  expect_robust([] { return handover(true); });
}

// HKUDS/nanobot#1255: a registry forgets a lock that a woken waiter does not hold yet.
struct Registry {
  std::map<int, std::shared_ptr<Lock>> locks;
  int inside = 0;
  bool counts = false;
  std::map<int, int> users;

  Task<> locked(int key, std::chrono::milliseconds work) {
    auto& slot = locks[key];
    if (slot == nullptr) slot = std::make_shared<Lock>();
    const std::shared_ptr<Lock> lock = slot;
    ++users[key];
    {
      const auto guard = co_await lock->scoped();
      COCHECK(++inside == 1);
      co_await sleep(work);
      --inside;
    }
    --users[key];
    if (counts ? users[key] == 0 : !lock->locked()) locks.erase(key);
  }
};

Task<> registry(bool counts) {
  Registry registry;
  registry.counts = counts;
  const auto later = [&](std::chrono::milliseconds time) -> Task<> {
    co_await sleep(time);
    co_await registry.locked(1, 5ms);
  };
  // The second one waits for the first, which forgets the lock; the third comes when both are done.
  co_await gather(later(1ms), later(3ms), later(13ms));
}

TEST(Zoo2, N16RegistryOfLocks) {
  expect_fragile([] { return registry(false); }, 2ms, FailureKind::check);
}
TEST(Zoo2, N16Fixed) {
  expect_robust([] { return registry(true); });
}

// sglang#39984: a writer that gives up tells nobody.
struct ReadersAndWriters {
  Condition condition;
  int readers = 0;
  int queued = 0;
  bool writing = false;
  bool notifies = false;

  Task<> read() {
    const auto guard = co_await condition.scoped();
    while (writing || queued > 0) co_await condition.wait();
    ++readers;
  }
  Task<> done_reading() {
    const auto guard = co_await condition.scoped();
    if (--readers == 0) condition.notify_all();
  }
  Task<> write() {
    const auto guard = co_await condition.scoped();
    ++queued;
    try {
      while (writing || readers > 0) co_await condition.wait();
    } catch (const CancelledError&) {
      --queued;
      if (notifies) condition.notify_all();
      throw;
    }
    --queued;
    writing = true;
  }
  Task<> done_writing() {
    const auto guard = co_await condition.scoped();
    writing = false;
    condition.notify_all();
  }
};

Task<> readers_and_writers(bool notifies) {
  ReadersAndWriters lock;
  lock.notifies = notifies;
  // Two that read together.
  Barrier both(2);
  const auto first = [&]() -> Task<> {
    co_await lock.read();
    co_await sleep(9ms);
    co_await lock.done_reading();
  };
  const auto reader = [&]() -> Task<> {
    co_await sleep(4ms);
    co_await lock.read();
    co_await both.wait();
    co_await lock.done_reading();
  };
  const auto writer = [&]() -> Task<> {
    co_await sleep(2ms);
    const auto write = [&]() -> Task<> { co_await lock.write(); };
    if (co_await within(10ms, write)) co_await lock.done_writing();
  };
  co_await gather(first(), writer(), reader(), reader());
}

TEST(Zoo2, P1WriterThatGivesUp) {
  expect_fragile([] { return readers_and_writers(false); }, 2ms, FailureKind::deadlock);
}
TEST(Zoo2, P1Fixed) {
  expect_robust([] { return readers_and_writers(true); });
}

// tenzir/tenzir#6432: a notification that comes together with the end of a wait is swallowed.
struct Notify {
  Event baton;
  bool stored = false;
  bool keeps = false;

  void notify_one() {
    stored = true;
    baton.set();
  }
  Task<> wait() {
    try {
      co_await baton.wait();
    } catch (const CancelledError&) {
      if (!keeps) baton.clear();
      throw;
    }
    baton.clear();
    stored = false;
  }
};

Task<> notify(bool keeps) {
  Notify notify;
  notify.keeps = keeps;
  const auto waiter = [&]() -> Task<> {
    const auto wait = [&]() -> Task<> { co_await notify.wait(); };
    if (co_await within(10ms, wait)) notify.notify_one();
    co_await notify.wait();
  };
  co_await gather(waiter(), after(6ms, [&] { notify.notify_one(); }));
}

TEST(Zoo2, P2NotificationIsSwallowed) {
  expect_fragile([] { return notify(false); }, 4ms, FailureKind::deadlock);
}
TEST(Zoo2, P2Fixed) {
  expect_robust([] { return notify(true); });
}

// true-async/php-async#240: a wake-up without a reservation.
struct Channel {
  std::deque<int> buffer;
  std::deque<Event*> receivers;
  bool passes_on = false;

  void send(int value) {
    buffer.push_back(value);
    wake();
  }
  void wake() {
    if (receivers.empty()) return;
    receivers.front()->set();
    receivers.pop_front();
  }
  Task<int> receive() {
    while (buffer.empty()) {
      Event woken;
      receivers.push_back(&woken);
      try {
        co_await woken.wait();
      } catch (const CancelledError&) {
        std::erase(receivers, &woken);
        if (passes_on && woken.is_set() && !buffer.empty()) wake();
        throw;
      }
    }
    const int value = buffer.front();
    buffer.pop_front();
    co_return value;
  }
};

Task<> channel(bool passes_on) {
  Channel channel;
  channel.passes_on = passes_on;
  const auto impatient = [&]() -> Task<> {
    const auto receive = [&]() -> Task<> { (void)co_await channel.receive(); };
    if (co_await within(10ms, receive)) channel.send(2);
  };
  const auto patient = [&]() -> Task<> { (void)co_await channel.receive(); };
  co_await gather(impatient(), patient(), after(9ms, [&] { channel.send(1); }));
}

TEST(Zoo2, P4WakeUpWithoutReservation) {
  expect_fragile([] { return channel(false); }, 1ms, FailureKind::deadlock);
}
TEST(Zoo2, P4Fixed) {
  expect_robust([] { return channel(true); });
}

}  // namespace
}  // namespace cocheck::zoo2

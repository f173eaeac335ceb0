// Caches, batches, timers and shutdown: what comes while somebody is on his way back.

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "zoo2.hpp"

namespace cocheck::zoo2 {
namespace {

// scylladb/scylladb#10117: a load that is on its way back when its key is invalidated.
struct Cache {
  int source = 1;
  std::optional<int> kept;
  int generation = 0;
  bool looks_again = false;

  Task<int> get() {
    if (kept) co_return *kept;
    const int mine = generation;
    const int value = source;
    co_await sleep(5ms);
    if (!looks_again || mine == generation) kept = value;
    co_return value;
  }
  void write(int value) {
    source = value;
    kept.reset();
    ++generation;
  }
};

Task<> cache(bool looks_again) {
  Cache cache;
  cache.looks_again = looks_again;
  const auto first = [&]() -> Task<> { (void)co_await cache.get(); };
  const auto writer = [&]() -> Task<> {
    co_await sleep(6ms);
    cache.write(2);
    co_await sleep(20ms);
    COCHECK(co_await cache.get() == 2);
  };
  co_await gather(first(), writer());
}

TEST(Zoo2, N5LoadAgainstInvalidate) {
  expect_fragile([] { return cache(false); }, 1ms, FailureKind::check);
}
TEST(Zoo2, N5Fixed) {
  expect_robust([] { return cache(true); });
}

// cloudflare/pingora#931: the owner of a shared load is cancelled.
struct SharedLoad {
  std::shared_ptr<Event> pending;
  int loaded = 0;
  bool hands_on = false;

  Task<> load() {
    while (pending != nullptr) {
      const std::shared_ptr<Event> others = pending;
      co_await others->wait();
      if (loaded > 0) co_return;
    }
    pending = std::make_shared<Event>();
    try {
      co_await sleep(5ms);
      ++loaded;
    } catch (const CancelledError&) {
      if (hands_on) end();
      throw;
    }
    end();
  }
  void end() { std::exchange(pending, nullptr)->set(); }
};

Task<> shared_load(bool hands_on) {
  SharedLoad shared;
  shared.hands_on = hands_on;
  const auto owner = [&]() -> Task<> {
    const auto load = [&]() -> Task<> { co_await shared.load(); };
    co_await within(8ms, load);
  };
  const auto follower = [&]() -> Task<> {
    co_await sleep(1ms);
    co_await shared.load();
  };
  co_await gather(owner(), follower());
}

TEST(Zoo2, N6OwnerOfASharedLoad) {
  expect_fragile([] { return shared_load(false); }, 3ms, FailureKind::deadlock);
}
TEST(Zoo2, N6Fixed) {
  expect_robust([] { return shared_load(true); });
}

// volcengine/OpenViking#3438: close() cancels the flush that already owns the items.
struct Batches {
  std::vector<std::shared_ptr<Event>> buffer;
  Lock lock;
  bool shields = false;
  std::optional<TaskHandle<>> flushing;

  std::shared_ptr<Event> submit() {
    buffer.push_back(std::make_shared<Event>());
    return buffer.back();
  }
  Task<> flush() {
    const auto guard = co_await lock.scoped();
    const auto mine = std::exchange(buffer, {});
    co_await sleep(2ms);
    for (const auto& done : mine) done->set();
  }
  Task<> tick() {
    co_await sleep(5ms);
    if (shields) {
      flushing = create_task(flush());
      co_await shield(*flushing);
    } else {
      co_await flush();
    }
  }
};

Task<> batches(bool shields) {
  Batches batches;
  batches.shields = shields;
  auto ticker = create_task(batches.tick());
  const auto close = [&]() -> Task<> {
    co_await sleep(9ms);
    ticker.cancel();
    co_await batches.flush();
  };
  const std::shared_ptr<Event> done = batches.submit();
  co_await close();
  co_await done->wait();
  try {
    co_await ticker;
  } catch (const CancelledError&) {
  }
  if (batches.flushing) co_await *batches.flushing;
}

TEST(Zoo2, N8CloseCancelsTheFlush) {
  expect_fragile([] { return batches(false); }, 2ms, FailureKind::deadlock);
}
TEST(Zoo2, N8Fixed) {
  expect_robust([] { return batches(true); });
}

// redpanda-data/redpanda#31218: enqueued after stop().
struct Appends {
  struct Record {
    Event replied;
  };
  std::deque<std::shared_ptr<Record>> queue;
  Event room;
  Event news;
  bool stopped = false;
  bool looks_again = false;
  std::vector<TaskHandle<>> sends;

  Task<> append() {
    while (!queue.empty() && !stopped) {
      room.clear();
      co_await room.wait();
      if (queue.empty()) break;
    }
    if (looks_again && stopped) co_return;
    const auto record = std::make_shared<Record>();
    queue.push_back(record);
    news.set();
    co_await record->replied.wait();
  }
  Task<> dispatch() {
    co_await sleep(5ms);
    while (!stopped) {
      if (queue.empty()) {
        news.clear();
        co_await news.wait();
        continue;
      }
      const auto record = queue.front();
      queue.pop_front();
      room.set();
      co_await sleep(1ms);
      record->replied.set();
    }
  }
  void stop() {
    stopped = true;
    room.set();
    news.set();
    for (const auto& record : std::exchange(queue, {})) record->replied.set();
  }
};

Task<> appends(bool looks_again) {
  Appends appends;
  appends.looks_again = looks_again;
  co_await gather(appends.append(), appends.append(), appends.dispatch(),
                  after(9ms, [&] { appends.stop(); }));
}

TEST(Zoo2, N9EnqueuedAfterStop) {
  expect_fragile([] { return appends(false); }, 4ms, FailureKind::deadlock);
}
TEST(Zoo2, N9Fixed) {
  expect_robust([] { return appends(true); });
}

// nolar/kopf#718: idle expiry against put.
struct Streams {
  std::map<int, std::shared_ptr<Queue<int>>> streams;
  std::vector<TaskHandle<>> workers;
  int handled = 0;
  bool looks_again = false;

  void route(int key, int event) {
    auto& stream = streams[key];
    if (stream == nullptr) {
      stream = std::make_shared<Queue<int>>();
      workers.push_back(create_task(work(key, stream)));
    }
    stream->put_nowait(event);
  }
  Task<> work(int key, std::shared_ptr<Queue<int>> events) {
    while (true) {
      const auto get = [&]() -> Task<> { (void)co_await events->get(); };
      if (co_await within(5ms, get)) {
        ++handled;
      } else if (!looks_again || events->empty()) {
        break;
      }
    }
    streams.erase(key);
  }
};

Task<> streams(bool looks_again) {
  Streams streams;
  streams.looks_again = looks_again;
  streams.route(1, 1);
  co_await sleep(7ms);
  streams.route(1, 2);
  co_await sleep(20ms);
  for (auto& worker : streams.workers) co_await worker;
  COCHECK(streams.handled == 2);
}

TEST(Zoo2, N11IdleExpiryAgainstPut) {
  expect_fragile([] { return streams(false); }, 2ms, FailureKind::check);
}
TEST(Zoo2, N11Fixed) {
  expect_robust([] { return streams(true); });
}

// TanStack/pacer#257: reset after the await.
struct Debouncer {
  int last = 0;  // 0: nothing to do
  std::vector<int> ran;
  std::optional<TaskHandle<>> timer;
  bool clears_first = false;

  void call(int value) {
    last = value;
    timer = create_task(fire());
  }
  Task<> fire() {
    co_await sleep(5ms);
    if (last == 0) co_return;
    const int value = last;
    if (clears_first) last = 0;
    co_await sleep(3ms);
    ran.push_back(value);
    if (!clears_first) last = 0;
  }
};

Task<> debouncer(bool clears_first) {
  Debouncer debouncer;
  debouncer.clears_first = clears_first;
  debouncer.call(1);
  auto first = std::move(*debouncer.timer);
  co_await sleep(9ms);
  debouncer.call(2);
  co_await *debouncer.timer;
  co_await first;
  COCHECK(std::count(debouncer.ran.begin(), debouncer.ran.end(), 2) == 1);
}

TEST(Zoo2, N12ResetAfterTheAwait) {
  expect_fragile([] { return debouncer(false); }, 1ms, FailureKind::check);
}
TEST(Zoo2, N12Fixed) {
  expect_robust([] { return debouncer(true); });
}

// alisaifee/limits#277: computed outside, used inside.
struct Limiter {
  static constexpr std::size_t kLimit = 2;
  std::deque<int> events;  // the newest first
  int accepted = 0;
  bool counts_inside = false;

  void hit() {
    if (events.size() >= kLimit) return;
    events.push_front(1);
    ++accepted;
  }
  Task<> sweep() {
    std::size_t live = events.size();
    co_await sleep(2ms);
    if (counts_inside) live = events.size();
    events.resize(live);
  }
};

Task<> limiter(bool counts_inside) {
  Limiter limiter;
  limiter.counts_inside = counts_inside;
  limiter.hit();
  const auto sweeper = [&]() -> Task<> {
    co_await sleep(10ms);
    co_await limiter.sweep();
  };
  co_await gather(sweeper(), after(15ms, [&] { limiter.hit(); }),
                  after(20ms, [&] { limiter.hit(); }));
  COCHECK(limiter.accepted <= 2);
}

TEST(Zoo2, N18ComputedOutsideUsedInside) {
  expect_fragile([] { return limiter(false); }, 3ms, FailureKind::check);
}
TEST(Zoo2, N18Fixed) {
  expect_robust([] { return limiter(true); });
}

}  // namespace
}  // namespace cocheck::zoo2

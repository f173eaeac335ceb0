#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cocheck/detail/model_memory.hpp"
#include "cocheck/primitives.hpp"

/// What random programs consist of: operations on one primitive of each kind.
namespace cocheck::test {

using namespace std::chrono_literals;

enum class Operation : std::uint8_t {
  lock,
  unlock,
  acquire,
  release,
  set,
  clear,
  wait,
  put,
  put_nowait,
  get,
  get_nowait,
  yield,
  nap,
  cancel,
  draw,
  put_priority,
  get_priority,
  put_lifo,
  get_lifo,
  wait_condition,
  notify,
  meet,
  set_future,
  await_future,
  shielded,
  timed,
  waited_for,
  group,
  gathered,
  first_of_two,
  as_they_come,
  long_nap,
  raise,
  remember,
  clock,
  name,
};
constexpr std::size_t kOperations = 36;
/// So many of them, the first ones, need no other tasks nor scopes.
constexpr std::size_t kPlainOperations = 15;
constexpr std::array<const char*, kOperations> kOperationNames = {
    "lock",         "unlock",       "acquire",    "release",      "set",
    "clear",        "wait",         "put",        "put_nowait",   "get",
    "get_nowait",   "yield",        "nap",        "cancel",       "draw",
    "put_priority", "get_priority", "put_lifo",   "get_lifo",     "wait_condition",
    "notify",       "meet",         "set_future", "await_future", "shielded",
    "timed",        "waited_for",   "group",      "gathered",     "first_of_two",
    "as_they_come", "long_nap",     "raise",      "remember",     "clock",
    "name"};

[[nodiscard]] constexpr const char* to_string(Operation operation) noexcept {
  return kOperationNames[static_cast<std::size_t>(operation)];
}

/// What the tasks of a program share.
struct Primitives {
  Lock lock;
  Semaphore semaphore;
  Event event;
  Queue<int> queue{1};
  PriorityQueue<int> priority;
  LifoQueue<int> lifo;
  Condition condition;
  Barrier barrier{2};
  Future<int> future;
  std::vector<TaskHandle<>> handles;
  int last = 0;  // of those who left a mark here
};

/// Sets `final` to what an execution ends with, when the frame of its first task dies: at the end
/// of every execution, deadlocks included.
template <class Execution>
class AtEnd {
 public:
  AtEnd(const Execution& execution, std::string& final) : execution_(execution), final_(final) {}
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;
  ~AtEnd() {
    const detail::ModelMemory::Scope outside(nullptr);
    final_ = execution_.final();
  }

 private:
  const Execution& execution_;
  std::string& final_;
};

inline Task<> release_later(Primitives& primitives) {
  co_await sleep(0s);
  primitives.semaphore.release();
}

inline Task<int> get_later(Primitives& primitives) {
  co_return co_await primitives.queue.get();
}

/// One operation. `item` is what it puts, `target` the handle that it cancels. Gives what came out.
inline Task<std::uint64_t> operate(Primitives& primitives, Operation operation, int item,
                                   std::size_t target) {
  std::uint64_t result = 0;
  switch (operation) {
    case Operation::lock:
      co_await primitives.lock.acquire();
      break;
    case Operation::unlock:
      primitives.lock.release();
      break;
    case Operation::acquire:
      co_await primitives.semaphore.acquire();
      break;
    case Operation::release:
      primitives.semaphore.release();
      break;
    case Operation::set:
      primitives.event.set();
      break;
    case Operation::clear:
      primitives.event.clear();
      break;
    case Operation::wait:
      co_await primitives.event.wait();
      break;
    case Operation::put:
      co_await primitives.queue.put(item);
      break;
    case Operation::put_nowait:
      primitives.queue.put_nowait(item);
      break;
    case Operation::get:
      result = static_cast<std::uint64_t>(co_await primitives.queue.get());
      break;
    case Operation::get_nowait:
      result = static_cast<std::uint64_t>(primitives.queue.get_nowait());
      break;
    case Operation::put_priority:
      co_await primitives.priority.put(item);
      break;
    case Operation::get_priority:
      result = static_cast<std::uint64_t>(co_await primitives.priority.get());
      break;
    case Operation::put_lifo:
      co_await primitives.lifo.put(item);
      break;
    case Operation::get_lifo:
      result = static_cast<std::uint64_t>(co_await primitives.lifo.get());
      break;
    case Operation::wait_condition: {
      const auto guard = co_await primitives.condition.scoped();
      co_await primitives.condition.wait();
      break;
    }
    case Operation::notify: {
      const auto guard = co_await primitives.condition.scoped();
      primitives.condition.notify();
      break;
    }
    case Operation::meet:
      result = co_await primitives.barrier.wait();
      break;
    case Operation::set_future:
      primitives.future.set_result(item);
      break;
    case Operation::await_future:
      result = static_cast<std::uint64_t>(co_await primitives.future);
      break;
    case Operation::shielded:
      co_await shield(release_later(primitives));
      break;
    case Operation::timed: {
      Timeout scope = timeout(1ms);
      const auto body = [&]() -> Task<> { co_await primitives.event.wait(); };
      co_await scope.run(body);
      break;
    }
    case Operation::waited_for:
      result = static_cast<std::uint64_t>(co_await wait_for(get_later(primitives), 2ms));
      break;
    case Operation::group: {
      TaskGroup group;
      const auto body = [&]() -> Task<> {
        group.create_task(release_later(primitives));
        group.create_task(release_later(primitives));
        co_return;
      };
      co_await group.run(body);
      break;
    }
    case Operation::gathered:
      co_await gather(release_later(primitives), release_later(primitives));
      break;
    case Operation::first_of_two: {
      std::vector<TaskHandle<>> both;
      both.push_back(create_task(release_later(primitives)));
      both.push_back(create_task(release_later(primitives)));
      const auto waited = co_await wait(both, std::nullopt, ReturnWhen::first_completed);
      result = waited.done.size();
      co_await wait(both);
      break;
    }
    case Operation::as_they_come: {
      std::vector<TaskHandle<>> both;
      both.push_back(create_task(release_later(primitives)));
      both.push_back(create_task(release_later(primitives)));
      AsCompleted<void> completed = as_completed(both);
      while (const auto next = co_await completed.next()) result += next->done() ? 1 : 100;
      break;
    }
    case Operation::yield:
      co_await sleep(0s);
      break;
    case Operation::nap:
      co_await sleep(1ms);
      break;
    case Operation::long_nap:
      co_await sleep(2ms);
      break;
    case Operation::draw:
      result = choose(2);
      break;
    case Operation::cancel:
      // An eager task may come here before its successors are there.
      if (target < primitives.handles.size()) {
        result = primitives.handles[target].cancel() ? 1 : 2;
      }
      break;
    case Operation::raise:
      throw ValueError("raised");
    case Operation::remember:
      primitives.last = item + 1;
      break;
    case Operation::clock:
      result = static_cast<std::uint64_t>(LoopClock::now().time_since_epoch().count());
      break;
    case Operation::name:
      result = current_task().id().back() == '1' ? 1 : 0;
      break;
  }
  co_return result;
}

}  // namespace cocheck::test

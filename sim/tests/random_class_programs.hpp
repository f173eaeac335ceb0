#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "classes.hpp"
#include "cocheck/explorers/dpor.hpp"
#include "cocheck/primitives.hpp"
#include "cocheck/random_stream.hpp"
#include "random_operations.hpp"

/// Small random programs of all primitives, and the classes of their executions.
namespace cocheck::test {

using namespace std::chrono_literals;

/// How the first task ends: with a check that fails, so that all are seen to their end; or when all
/// tasks, one of them or none has ended, so that others may be left behind.
enum class Ending : std::uint8_t { check, all, gathered, first, in_time, soon };

struct ClassProgram {
  std::vector<std::vector<Operation>> scripts;
  bool anonymous = false;  // whether the tasks are gathered without handles
  Ending ending = Ending::check;
  Options options;

  friend std::ostream& operator<<(std::ostream& out, const ClassProgram& program) {
    out << "always_suspend " << program.options.always_suspend << ", eager "
        << program.options.eager_tasks << (program.anonymous ? ", anonymous" : ", with handles")
        << ", ending " << static_cast<int>(program.ending);
    for (const auto& script : program.scripts) {
      out << "\n  task:";
      for (const Operation operation : script) out << " " << to_string(operation);
    }
    return out;
  }
};

inline ClassProgram random_class_program(std::uint64_t seed) {
  RandomStream random(seed);
  ClassProgram program;
  program.anonymous = random.below(2) == 0;
  program.scripts.resize(2 + random.below(2));
  const std::size_t longest = program.scripts.size() == 2 ? 4 : 3;
  for (auto& script : program.scripts) {
    script.resize(1 + random.below(longest));
    for (Operation& operation : script) {
      operation = static_cast<Operation>(random.below(kOperations));
    }
  }
  program.options.always_suspend = random.below(4) == 0;
  program.options.eager_tasks = random.below(6) == 0;
  if (random.below(2) == 0) program.ending = static_cast<Ending>(random.below(6));
  return program;
}

struct SharedByScripts : Primitives {
  [[nodiscard]] std::string final() const {
    std::string text;
    for (const TaskHandle<>& handle : handles) {
      text += handle.state().cancelled() ? 'c' : handle.state().done() ? 'd' : 'p';
    }
    return text + (lock.locked() ? " locked" : "") + (event.is_set() ? " set" : "") +
           " semaphore " + std::to_string(semaphore.value()) + " queues " +
           std::to_string(queue.qsize()) + std::to_string(priority.qsize()) +
           std::to_string(lifo.qsize()) + (future.done() ? " future" : "") + " last " +
           std::to_string(last);
  }
};

inline Task<> run_script(SharedByScripts& shared, const std::vector<Operation>& script,
                         std::size_t number) {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < script.size(); ++i) {
    bool refused = false;
    try {
      seen = seen * 31 + co_await operate(shared, script[i], static_cast<int>(10 * number + i), 0);
    } catch (const Error&) {
      refused = true;
    }
    if (refused) seen = seen * 31 + 7;
  }
}

/// Awaits some of the tasks, whatever becomes of them.
inline Task<> wait_for_some(SharedByScripts& shared, Ending ending) {
  try {
    if (ending == Ending::gathered) {
      auto all = gather(shared.handles);
      co_await all;
    } else if (ending == Ending::first) {
      co_await shared.handles[0];
    } else if (ending == Ending::in_time) {
      co_await wait_for(shared.handles[0], 1ms);
    } else if (ending == Ending::soon) {
      for (int i = 0; i < 3; ++i) co_await sleep(0s);
    }
  } catch (const Error&) {
  } catch (const CancelledError&) {
  }
}

/// `end`, if there is one, is set at the end of every execution, deadlocks included; with
/// Ending::check the others fail with it.
inline Model model_of(const ClassProgram& program, std::string* end) {
  return [&program, end]() -> Task<> {
    SharedByScripts shared;
    std::optional<AtEnd<SharedByScripts>> at_end;
    if (end != nullptr) at_end.emplace(shared, *end);
    std::string outcome;
    if (program.anonymous) {
      std::vector<Task<>> tasks;
      for (std::size_t i = 0; i < program.scripts.size(); ++i) {
        tasks.push_back(run_script(shared, program.scripts[i], i));
      }
      try {
        co_await gather(std::move(tasks));
      } catch (const CancelledError&) {
        outcome = "cancelled";
      }
    } else {
      for (std::size_t i = 0; i < program.scripts.size(); ++i) {
        shared.handles.push_back(create_task(run_script(shared, program.scripts[i], i)));
      }
      if (program.ending == Ending::check || program.ending == Ending::all) {
        auto all = gather(return_exceptions, shared.handles);
        co_await all;
      } else {
        co_await wait_for_some(shared, program.ending);
      }
    }
    if (program.ending != Ending::check) co_return;
    Loop::current().fail({FailureKind::check, outcome + shared.final(), {}});
  };
}

inline std::string with_failure(const std::string& end, const World& world) {
  if (!world.failure()) return end;
  const Failure& failure = *world.failure();
  return to_string(failure.kind) + std::string(": ") +
         (failure.kind == FailureKind::check ? failure.message : end);
}

inline Seen search(World& world, const ClassProgram& program, DporExplorer::Settings settings,
                   std::uint64_t max_executions = ~std::uint64_t{0}) {
  std::set<std::string> ends;
  std::string end;
  settings.on_end = [&](const World& ended) { ends.insert(with_failure(end, ended)); };
  Seen seen = search(world, model_of(program, &end), std::move(settings), nullptr, max_executions);
  seen.ends = std::move(ends);
  return seen;
}

/// The same where the model changes nothing but its own memory, and nobody looks how it ends: all
/// steps are repeated that can be.
inline Seen search_quietly(const ClassProgram& program, const DporExplorer::Settings& settings) {
  return search(model_of(program, nullptr), program.options, settings);
}

inline Seen search(const ClassProgram& program, DporExplorer::Settings settings,
                   std::uint64_t max_executions = ~std::uint64_t{0}) {
  World world(program.options);
  return search(world, program, std::move(settings), max_executions);
}

/// Every interleaving, one by one.
inline Seen all_interleavings(const ClassProgram& program, std::uint64_t max_executions) {
  DporExplorer::Settings settings;
  settings.reduce = false;
  return search(program, settings, max_executions);
}

inline std::uint64_t exhaustive_executions(const ClassProgram& program) {
  std::string end;
  return exhaustive_executions(model_of(program, &end), program.options);
}

}  // namespace cocheck::test

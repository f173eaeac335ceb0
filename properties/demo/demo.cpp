// The four programs of asyncio's tutorial on synchronization and a racy counter, each under as many
// schedules as there are or time allows. Exits with 0 if the four pass, and the racy one fails and
// its schedule fails the same way again.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/choose.hpp"
#include "cocheck/dot.hpp"
#include "cocheck/event.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/judge_replay.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/queue.hpp"
#include "cocheck/render.hpp"
#include "cocheck/replay_result.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/semaphore.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/terminal_text.hpp"
#include "cocheck/text_table.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using cocheck::Task;

// queue: a producer, a consumer, and room for three items between them. --------------------------

constexpr int kItems = 10;
constexpr int kEnd = -1;

Task<> produce(cocheck::Queue<int>& queue) {
  for (int item = 0; item < kItems; ++item) co_await queue.put(item);
  co_await queue.put(kEnd);
}

Task<> consume(cocheck::Queue<int>& queue, std::vector<int>& consumed) {
  for (;;) {
    const int item = co_await queue.get();
    queue.task_done();
    if (item == kEnd) co_return;
    consumed.push_back(item);
  }
}

Task<> queue_program() {
  cocheck::Queue<int> queue(3);
  std::vector<int> consumed;
  co_await cocheck::gather(produce(queue), consume(queue, consumed));
  co_await queue.join();
  COCHECK(consumed.size() == kItems);
  for (int item = 0; item < kItems; ++item) {
    COCHECK(consumed[static_cast<std::size_t>(item)] == item);
  }
}

// lock: a hundred tasks that increment. -----------------------------------------------------------

Task<> increment(int& counter) {
  const int value = counter;
  co_await cocheck::sleep(0s);
  counter = value + 1;
}

Task<> increment_locked(cocheck::Lock& lock, int& counter) {
  const auto guard = co_await lock.scoped();
  co_await increment(counter);
}

Task<> lock_program() {
  constexpr int kTasks = 100;
  cocheck::Lock lock;
  int counter = 0;
  std::vector<Task<>> tasks;
  for (int i = 0; i < kTasks; ++i) tasks.push_back(increment_locked(lock, counter));
  co_await cocheck::gather(std::move(tasks));
  COCHECK(counter == kTasks);
}

// semaphore: twenty requests over five connections. -----------------------------------------------

constexpr int kConnections = 5;

Task<> request(cocheck::Semaphore& connections, int& active) {
  const auto guard = co_await connections.scoped();
  ++active;
  COCHECK(active <= kConnections);
  co_await cocheck::sleep(100ms * (1 + cocheck::choose(5)));
  --active;
}

Task<> semaphore_program() {
  constexpr int kRequests = 20;
  cocheck::Semaphore connections(kConnections);
  int active = 0;
  std::vector<Task<>> requests;
  for (int i = 0; i < kRequests; ++i) requests.push_back(request(connections, active));
  co_await cocheck::gather(std::move(requests));
  COCHECK(active == 0);
}

// event: clients that wait until the server is up. ------------------------------------------------

Task<> serve(cocheck::Event& ready, bool& up) {
  co_await cocheck::sleep(1s);
  up = true;
  ready.set();
}

Task<> connect(cocheck::Event& ready, const bool& up, int& connected) {
  co_await ready.wait();
  COCHECK(up);
  ++connected;
}

Task<> event_program() {
  constexpr int kClients = 3;
  cocheck::Event ready;
  bool up = false;
  int connected = 0;
  std::vector<Task<>> tasks;
  for (int i = 0; i < kClients; ++i) tasks.push_back(connect(ready, up, connected));
  tasks.push_back(serve(ready, up));
  co_await cocheck::gather(std::move(tasks));
  COCHECK(connected == kClients);
}

// racy_counter: two tasks that increment without a lock. ------------------------------------------

Task<> racy_program() {
  int counter = 0;
  co_await cocheck::gather(increment(counter), increment(counter));
  COCHECK(counter == 2);
}

// -------------------------------------------------------------------------------------------------

constexpr const char* kRacyName = "demo.racy_counter";

struct Program {
  const char* name;
  cocheck::Model model;
};

cocheck::Verdict explore(const Program& program) {
  cocheck::Options options;
  options.test = std::string("demo.") + program.name;
  std::error_code unknown;
  options.program = fs::read_symlink("/proc/self/exe", unknown).string();
  options.max_executions = 2'000;
  cocheck::Verdict verdict = cocheck::explore(program.model, options);
  std::cout << std::left << std::setw(14) << program.name << verdict.summary() << std::endl;
  return verdict;
}

/// Writes the schedule and the picture, and says where.
fs::path write(const cocheck::Recording& recording, const fs::path& folder) {
  fs::create_directories(folder);
  const fs::path file = folder / (std::string(kRacyName) + ".cocheck.json");
  cocheck::write_recording(file, recording);
  const std::string replay = "cocheck replay " + cocheck::shell_word(file.string());
  std::cout << "schedule: " << file.string() << "\nreplay:   " << replay << "\npicture:  ";
  if (cocheck::can_render()) {
    const fs::path picture = folder / (std::string(kRacyName) + ".svg");
    cocheck::render(cocheck::to_dot(recording, {replay}), picture);
    std::cout << picture.string() << '\n';
  } else {
    std::cout << "none: install the package graphviz, then: cocheck render "
              << cocheck::shell_word(file.string()) << '\n';
  }
  return file;
}

/// Whether the schedule in `file` fails as it did when it was recorded.
bool fails_again(const cocheck::Model& model, const fs::path& file) {
  const cocheck::Recording recorded = cocheck::read_recording(file);
  const cocheck::Verdict again = cocheck::replay(model, recorded.schedule);
  const bool same = again.kind == cocheck::Verdict::Kind::failed && again.recording &&
                    again.recording->failure == recorded.failure &&
                    again.recording->trace == recorded.trace;
  std::cout << "replayed: " << (same ? "fails the same way" : "is different: " + again.summary())
            << '\n';
  return same;
}

/// What `cocheck replay` starts: shows the racy counter under a schedule, and fails as it does.
int replay(const std::string& file) {
  const cocheck::Recording recorded = cocheck::read_recording(file);
  const cocheck::Verdict verdict = cocheck::replay(racy_program, recorded.schedule);
  std::cout << verdict.report();
  cocheck::tell_replay_result(cocheck::judge_replay(verdict, recorded));
  return verdict.passed() ? EXIT_SUCCESS : EXIT_FAILURE;
}

int demonstrate(const fs::path& folder) {
  bool as_expected = true;
  for (const Program& program :
       {Program{"queue", queue_program}, Program{"lock", lock_program},
        Program{"semaphore", semaphore_program}, Program{"event", event_program}}) {
    as_expected = explore(program).passed() && as_expected;
  }
  const cocheck::Verdict racy = explore({"racy_counter", racy_program});
  if (racy.kind != cocheck::Verdict::Kind::failed) return EXIT_FAILURE;
  std::cout << '\n' << cocheck::text_table(*racy.recording) << '\n';
  as_expected = fails_again(racy_program, write(*racy.recording, folder)) && as_expected;
  return as_expected ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  fs::path folder = "cocheck-out";
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--out" && i + 1 < arguments.size()) {
      folder = arguments[++i];
    } else if (!arguments[i].starts_with("--gtest_filter=")) {  // `cocheck replay` gives that
      std::cerr << "usage: cocheck_demo [--out DIR]\n";
      return EXIT_FAILURE;
    }
  }
  try {
    const char* schedule = std::getenv("COCHECK_REPLAY");
    return schedule != nullptr && *schedule != '\0' ? replay(schedule) : demonstrate(folder);
  } catch (const std::exception& error) {
    std::cerr << "cocheck_demo: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

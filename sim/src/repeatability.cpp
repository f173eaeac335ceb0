#include "repeatability.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/explorers/guided.hpp"
#include "cocheck/explorers/random.hpp"
#include "cocheck/explorers/watch.hpp"
#include "memory_image.hpp"
#include "worker_processes.hpp"

namespace cocheck::detail {

namespace {

using Layout = ModelMemory::Layout;
using Sights = std::vector<WatchExplorer::Sight>;

constexpr std::uint64_t kWatched = 3;
constexpr std::size_t kWatchedSteps = 2'000;
constexpr std::byte kZero{0};
// As a bool it is one, and as a pointer it points nowhere.
constexpr std::byte kOther{1};
// Of the images of one execution; those of later states are not made.
constexpr std::size_t kImageBytes = std::size_t{32} << 20;
constexpr rlim_t kCloseLookSeconds = 10;
// An address differs in its lowest byte where memory is shifted by a granule, and not above the
// fourth: what differs in these only stands behind a byte that was written over it.
constexpr std::uint64_t kRemains = 0xffff'ff00;

enum class Cause : std::uint8_t { none, unknown, no_value };

/// Behind which step a difference was seen first.
struct Finding {
  Cause cause = Cause::none;
  std::size_t step = 0;
};

/// Where two executions did not do the same, as far as alternatives tell.
std::optional<std::size_t> other_behaviour(const WatchExplorer& one, const WatchExplorer& other) {
  const Sights& mine = one.sights();
  const Sights& its = other.sights();
  const std::size_t both = std::min(mine.size(), its.size());
  for (std::size_t i = 0; i < both; ++i) {
    if (mine[i].alternatives != its[i].alternatives) return i;
  }
  if (mine.size() != its.size() || one.failed() != other.failed()) return both;
  return std::nullopt;
}

std::optional<std::size_t> first_difference(const WatchExplorer& one, const WatchExplorer& other) {
  const Sights& mine = one.sights();
  const Sights& its = other.sights();
  const auto behaviour = other_behaviour(one, other);
  for (std::size_t i = 0; i < behaviour.value_or(mine.size()); ++i) {
    if (mine[i].fingerprint != its[i].fingerprint) return i;
  }
  return behaviour;
}

/// One execution, as often as it is needed.
class Repeated {
 public:
  /// Execution 0 takes the first alternative everywhere.
  Repeated(World& world, const Model& model, std::uint64_t seed, std::uint64_t execution)
      : world_(world), model_(model), seed_(seed + execution), takes_first_(execution == 0) {}

  WatchExplorer watch(WatchExplorer::Settings settings) {
    GuidedExplorer first({});
    RandomExplorer random(seed_);
    Explorer& inner = takes_first_ ? static_cast<Explorer&>(first) : random;
    settings.max_steps = kWatchedSteps;
    settings.surroundings.stack_bytes = Surroundings::kMostStack;
    settings.surroundings.measures_stack = true;
    WatchExplorer explorer(inner, std::move(settings));
    explorer.next();
    world_.run(model_, explorer);
    stack_used_ = std::max(stack_used_, world_.stack_used());
    blocks_left_ = std::max(blocks_left_, explorer.blocks_left());
    return explorer;
  }
  WatchExplorer watch(Layout layout, std::byte on_stack) {
    WatchExplorer::Settings settings;
    settings.layout = layout;
    settings.surroundings.on_stack = on_stack;
    return watch(std::move(settings));
  }

  void note_bytes_without_value() noexcept { has_bytes_without_value_ = true; }
  /// How far down it matters what lies on the stack.
  [[nodiscard]] std::size_t stack_that_matters() const noexcept {
    return has_bytes_without_value_ ? stack_used_ : 0;
  }
  [[nodiscard]] std::size_t blocks_left() const noexcept { return blocks_left_; }

 private:
  World& world_;
  const Model& model_;
  std::uint64_t seed_;
  bool takes_first_;
  std::size_t stack_used_ = 0;
  std::size_t blocks_left_ = 0;
  bool has_bytes_without_value_ = false;
};

/// The states of an execution in all their bytes.
struct Seen {
  WatchExplorer execution;
  std::vector<MemoryImage> images;
};

/// Made twice: what memory does itself, and leaves on the stack, is another thing where blocks are
/// where they were before.
Seen see(Repeated& repeated, Layout layout, bool shifted) {
  std::vector<MemoryImage> images;
  std::size_t bytes = 0;
  WatchExplorer::Settings settings;
  settings.layout = layout;
  settings.surroundings.shifts_memory = shifted;
  settings.on_state = [&](World& world) {
    if (bytes > kImageBytes) return;
    images.emplace_back(world.memory(), shifted ? 1 : 0);
    bytes += images.back().bytes();
  };
  (void)repeated.watch(settings);
  images.clear();
  bytes = 0;
  WatchExplorer execution = repeated.watch(std::move(settings));
  return {std::move(execution), std::move(images)};
}

/// Whether all that differs between two executions can be what nobody gave a value. Adds it to
/// `parts`, for each state.
Finding compare(const Seen& one, const Seen& other, std::uint64_t allowed,
                std::vector<MemoryImage::Parts>& parts) {
  const auto behaviour = other_behaviour(one.execution, other.execution);
  const std::size_t states = std::min(one.images.size(), other.images.size());
  parts.resize(std::max(parts.size(), states));
  for (std::size_t i = 0; i < std::min(states, behaviour.value_or(states)); ++i) {
    const auto difference = one.images[i].difference(other.images[i]);
    const auto is_allowed = [=](const MemoryImage::Part& part) {
      return (part.mask & ~allowed) == 0;
    };
    if (!difference || !std::all_of(difference->begin(), difference->end(), is_allowed)) {
      return {Cause::unknown, i};
    }
    parts[i] = MemoryImage::united(parts[i], *difference);
  }
  if (behaviour) return {Cause::unknown, *behaviour};
  return {};
}

/// Makes the execution with other values for those bytes: nothing else may change.
Finding spoil(Repeated& repeated, const Seen& seen, const std::vector<MemoryImage::Parts>& parts) {
  std::optional<std::size_t> changed;
  std::size_t state = 0;
  (void)repeated.watch({});
  WatchExplorer::Settings settings;
  settings.on_state = [&](World& world) {
    if (state < parts.size() && !changed) {
      const MemoryImage image(world.memory());
      const auto difference = seen.images[state].difference(image);
      if (!difference || !MemoryImage::without(*difference, parts[state]).empty()) changed = state;
      if (!changed) image.spoil(world.memory(), parts[state]);
    }
    ++state;
  };
  const WatchExplorer execution = repeated.watch(std::move(settings));
  if (!changed) changed = other_behaviour(seen.execution, execution);
  return changed ? Finding{Cause::no_value, *changed} : Finding{};
}

Finding look_closely(Repeated& repeated) {
  const Seen seen = see(repeated, Layout::upward, false);
  std::vector<MemoryImage::Parts> parts;
  Finding finding = compare(seen, see(repeated, Layout::upward, false), 0, parts);
  for (const auto& [layout, shifted] :
       {std::pair(Layout::upward, true), std::pair(Layout::downward, false)}) {
    if (finding.cause != Cause::none) return finding;
    finding = compare(seen, see(repeated, layout, shifted), kRemains, parts);
  }
  return finding.cause != Cause::none ? finding : spoil(repeated, seen, parts);
}

/// In a process of its own, since values that are changed may be pointers after all.
Finding look_closely_apart(Repeated& repeated) {
  if (!can_fork()) return look_closely(repeated);
  WorkerProcesses workers;
  const bool begun = workers.add([&](int pipe) {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (const int output : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, output);
    const rlimit seconds{kCloseLookSeconds, kCloseLookSeconds};
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CPU, &seconds);
    ::setrlimit(RLIMIT_CORE, &no_core);
    const Finding finding = look_closely(repeated);
    send(pipe, std::as_bytes(std::span(&finding, 1)));
  });
  Finding finding{Cause::unknown, 0};
  if (begun && workers.wait([] {}) && workers.received(0).size() == sizeof finding) {
    std::memcpy(&finding, workers.received(0).data(), sizeof finding);
  }
  return finding;
}

Finding find_difference(Repeated& repeated) {
  const WatchExplorer once = repeated.watch(Layout::upward, kZero);
  const WatchExplorer other = repeated.watch(Layout::downward, kOther);
  if (!first_difference(once, other)) return {};
  repeated.note_bytes_without_value();
  const WatchExplorer again = repeated.watch(Layout::downward, kZero);
  if (!first_difference(once, again)) {
    // All that differs follows what was on the stack.
    const auto behaviour = other_behaviour(once, other);
    return behaviour ? Finding{Cause::no_value, *behaviour} : Finding{};
  }
  const Finding finding = look_closely_apart(repeated);
  if (finding.cause == Cause::none) {
    const auto behaviour = other_behaviour(once, other);
    if (behaviour) return {Cause::no_value, *behaviour};
  }
  return finding;
}

/// In words: behind which step of the execution.
std::string place_of(const Finding& finding, Repeated& repeated) {
  WatchExplorer::Settings settings;
  settings.details = true;
  const WatchExplorer execution = repeated.watch(std::move(settings));
  if (finding.step == 0 || finding.step > execution.sights().size()) return {};
  const std::size_t step = finding.step - 1;
  return " after step " + std::to_string(step) + " (" + execution.sights()[step].actor + ")";
}

std::string describe(const Finding& finding, Repeated& repeated) {
  const std::string place = place_of(finding, repeated);
  if (finding.cause == Cause::no_value) {
    return "the model depends on a variable that has no value: with something else on the stack "
           "it does something else" +
           place + "; look for a variable or member that is read before it is set";
  }
  return "the model is not deterministic: the same choices led to another state" + place +
         "; what a step changes must lie in memory that the model has allocated: look for a static "
         "or a captured variable that outlives an execution, for addresses that are compared or "
         "hashed, or for real time";
}

}  // namespace

Repeatability check_repeatable(World& world, const Model& model, const Options& options) {
  Repeatability result;
  for (std::uint64_t execution = 0; execution < kWatched; ++execution) {
    Repeated repeated(world, model, options.seed, execution);
    const Finding finding = find_difference(repeated);
    if (finding.cause != Cause::none) throw NotDeterministic(describe(finding, repeated));
    result.blocks_left = std::max(result.blocks_left, repeated.blocks_left());
    constexpr std::size_t kUnit = 256;
    const std::size_t used = (repeated.stack_that_matters() + kUnit - 1) / kUnit * kUnit;
    result.stack_bytes = std::max(result.stack_bytes, static_cast<std::uint32_t>(used));
  }
  return result;
}

}  // namespace cocheck::detail
